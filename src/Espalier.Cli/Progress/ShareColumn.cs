using Spectre.Console;
using Spectre.Console.Rendering;

namespace Espalier.Cli.Progress;

/// <summary>How much of a task is done, written as everywhere else: 97 %.</summary>
internal sealed class ShareColumn : ProgressColumn
{
    /// <summary>Columns that it takes.</summary>
    internal const int Width = 5;

    protected override bool NoWrap => true;

    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
        new Text(string.Create(CultureInfo.InvariantCulture, $"{(int)task.Percentage} %").PadLeft(Width));

    public override int? GetColumnWidth(RenderOptions options) => Width;
}
