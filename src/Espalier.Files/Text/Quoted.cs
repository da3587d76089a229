using System.Text;

namespace Espalier.Files;

/// <summary>Paths as a snippet that is copied must have them.</summary>
internal static class Quoted
{
    /// <summary>One word of a POSIX shell: as it is where that is safe, else in single quotes.</summary>
    internal static string Shell(string word)
    {
        var plain = word.Length > 0 && word[0] != '-'
            && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '+' or ':' or ',');
        return plain ? word : $"'{(word.StartsWith('-') ? "./" + word : word).Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    /// <summary>A Python string.</summary>
    internal static string Python(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            quoted.Append(c switch
            {
                '"' or '\\' => $"\\{c}",
                _ when char.IsControl(c) => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => c.ToString(),
            });
        return quoted.Append('"').ToString();
    }
}
