using System.Text.RegularExpressions;

namespace Espalier.Models.Files;

/// <summary>The names of things half done: whoever finds one after a crash may delete it, and nothing else.</summary>
internal static partial class Leftovers
{
    /// <summary>A new name beside <paramref name="path"/> for its unfinished or condemned form: <c>run.json.tmp-1f2e3d4c</c>.</summary>
    public static string NameFor(string path) => $"{path}.tmp-{Random.Shared.NextInt64(1L << 32):x8}";

    /// <summary>Whether a file or folder name (without its path) is one of ours.</summary>
    public static bool Is(string name) => Pattern().IsMatch(name);

    [GeneratedRegex(@"\A(.+\.tmp-[0-9a-f]{8}|step-[0-9]+\.tmp)\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Pattern();
}
