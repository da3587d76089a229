using System.Text.RegularExpressions;

namespace Espalier.Cli.Tests.Repository;

/// <summary>
/// Which folder of a project knows which other, read from the sources: a file knows a type when its text names one that another
/// folder of the same project declares and whose namespace the file sees. A folder is one directly below the project, with all that
/// is below it; the project's own files are <c>(root)</c>. What is only called by its method's name (an extension) is found by the
/// <c>using</c> of its namespace, where that folder alone declares it.
/// </summary>
internal sealed partial class FolderGraph
{
    private readonly SortedDictionary<string, string> _arrows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _knows = [];

    /// <param name="sources">Path below the project, with <c>/</c>, and text of each of its sources.</param>
    public FolderGraph(IEnumerable<(string Path, string Text)> sources)
    {
        var files = sources.Select(source => new SourceFile(source.Path, source.Text)).ToArray();
        var types = files.SelectMany(file => file.Declared.Select(name => (Name: name, File: file)))
            .GroupBy(type => type.Name).ToDictionary(group => group.Key, group => group.Select(type => type.File).ToArray());
        var homes = files.GroupBy(file => file.Namespace)
            .ToDictionary(group => group.Key, group => group.Select(file => file.Folder).ToHashSet());

        foreach (var file in files)
        {
            foreach (var name in file.Named)
                if (types.TryGetValue(name, out var declared) && declared.Where(file.Sees).ToArray() is [var first, ..] seen
                    && seen.All(other => other.Folder != file.Folder))
                    Add(file, first.Folder, name);
            foreach (var used in file.Usings)
                if (homes.TryGetValue(used, out var folders) && folders.Count == 1 && folders.Single() != file.Folder)
                    Add(file, folders.Single(), $"using {used}");
        }
    }

    /// <summary>The arrows between folders that lie on a cycle, as <c>A -> B</c>, sorted, each with one place that draws it.</summary>
    public IEnumerable<KeyValuePair<string, string>> InCycles =>
        _arrows.Where(arrow => arrow.Key.Split(" -> ") is [var from, var to] && Reaches(to, from));

    private void Add(SourceFile file, string to, string by)
    {
        _arrows.TryAdd($"{file.Folder} -> {to}", $"{file.Path} names {by}");
        if (!_knows.TryGetValue(file.Folder, out var known))
            _knows[file.Folder] = known = [];
        known.Add(to);
    }

    private bool Reaches(string from, string to)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>([from]);
        while (open.TryPop(out var folder))
        {
            if (folder == to)
                return true;
            if (seen.Add(folder) && _knows.TryGetValue(folder, out var next))
                foreach (var other in next)
                    open.Push(other);
        }
        return false;
    }

    /// <summary>What one file declares, names and sees.</summary>
    private sealed class SourceFile
    {
        public SourceFile(string path, string text)
        {
            Path = path;
            Folder = path.Split('/') is [var folder, _, ..] ? folder : "(root)";
            var code = Silent().Replace(text, match => match.Value.StartsWith('/') ? " " : "\"\"");
            Namespace = NamespaceOf().Match(code).Groups[1].Value;
            Usings = [.. UsingOf().Matches(code).Select(match => match.Groups[1].Value)];
            Declared = [.. Declaration().Matches(code).Select(match => match.Groups[1].Value)];
            Named = [.. TypeLike().Matches(code).Select(match => match.Value)];
        }

        public string Path { get; }

        public string Folder { get; }

        public string Namespace { get; }

        public HashSet<string> Usings { get; }

        public HashSet<string> Declared { get; }

        public HashSet<string> Named { get; }

        /// <summary>Whether a type of the other file may be named without its namespace: that is used, the same, or above.</summary>
        public bool Sees(SourceFile other) => Usings.Contains(other.Namespace) || Namespace == other.Namespace
            || Namespace.StartsWith(other.Namespace + ".", StringComparison.Ordinal);
    }

    /// <summary>Comments and texts: a raw text, a verbatim one, an ordinary one, a character.</summary>
    [GeneratedRegex(
        @"//[^\n]*|/\*.*?\*/|\$*(""""""+).*?\1|\$?@\$?""(?:[^""]|"""")*""|""(?:[^""\\\n]|\\.)*""|'(?:[^'\\\n]|\\.)+'",
        RegexOptions.Singleline)]
    private static partial Regex Silent();

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceOf();

    [GeneratedRegex(@"^(?:global )?using (?:static )?(?:\w+ = )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex UsingOf();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?: struct)?|delegate [\w<>?,\[\] ]+) ([A-Z]\w*)(?=[\s<(:{;])")]
    private static partial Regex Declaration();

    /// <summary>A capitalised name that is no member of something, no named argument and no property's own name.</summary>
    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*\b(?!:(?!:)| => | ?\{ (?:get|init|set|private|internal)\b)")]
    private static partial Regex TypeLike();
}
