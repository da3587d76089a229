using System.Text;
using System.Text.RegularExpressions;

namespace Espalier.Compression.Data.Files;

/// <summary>Path patterns: <c>*</c> and <c>?</c> stay inside a name, <c>**</c> spans folders.</summary>
internal static class Glob
{
    public static bool IsPattern(string path) => path.AsSpan().ContainsAny('*', '?');

    /// <summary>The folder before the first name with a wildcard, and the pattern of what lies below it.</summary>
    public static (string Folder, Regex Below) Split(string pattern)
    {
        var names = pattern.Replace('\\', '/').Split('/');
        var first = Array.FindIndex(names, IsPattern);
        var folder = string.Join('/', names[..first]);
        return (folder.Length > 0 ? folder : first > 0 ? "/" : ".", ToRegex(names[first..]));
    }

    private static Regex ToRegex(string[] names)
    {
        var regex = new StringBuilder("^");
        for (var i = 0; i < names.Length; i++)
        {
            var last = i == names.Length - 1;
            if (names[i] == "**")
                regex.Append(last ? ".+" : "(?:[^/]+/)*");
            else
                regex.Append(Regex.Escape(names[i]).Replace(@"\*", "[^/]*", StringComparison.Ordinal)
                    .Replace(@"\?", "[^/]", StringComparison.Ordinal)).Append(last ? "" : "/");
        }
        return new Regex(regex.Append('$').ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
    }
}
