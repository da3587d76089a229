using Espalier.Cli.Rendering;
using Espalier.Files;

namespace Espalier.Cli.Commands;

/// <summary>What <c>cache</c> shows to a person.</summary>
internal static class CachePage
{
    internal static void Show(Page page, CacheReport report)
    {
        page.Line($"{report.Encoding}: {Units.Count(report.Tokens)} tokens, {report.BytesPerToken:0.#} bytes each, {Units.Bytes(report.Bytes)}");
        page.Line($"wrote {report.Output}; train with espalier distill STUDENT --cache {report.Output} and the same text");
    }
}
