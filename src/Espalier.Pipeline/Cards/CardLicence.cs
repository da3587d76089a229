using System.Text.RegularExpressions;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Cards;

/// <summary>The licence of a model, as its folder states it.</summary>
/// <param name="Id">The Hub's word for it, such as apache-2.0, or <c>other</c>; null where the folder says none.</param>
/// <param name="Name">The Hub's <c>license_name</c> of another licence; null where none is given.</param>
/// <param name="Link">The Hub's <c>license_link</c>; null where none is given.</param>
/// <param name="Said">Where it is said, for a sentence; null where it is not.</param>
/// <param name="Files">Files that state it, which are carried along.</param>
internal sealed partial record CardLicence(string? Id, string? Name, string? Link, string? Said, IReadOnlyList<string> Files)
{
    private const int MostBytes = 1_000_000;

    // The Hub's words; the texts are how the licences name themselves at their beginning.
    private static readonly (string Id, string[] Words)[] s_texts =
    [
        ("apache-2.0", ["Apache License", "Version 2.0"]), ("mit", ["Permission is hereby granted, free of charge"]),
        ("llama2", ["LLAMA 2 COMMUNITY LICENSE"]), ("llama3", ["META LLAMA 3 COMMUNITY LICENSE"]),
        ("llama3.1", ["LLAMA 3.1 COMMUNITY LICENSE"]), ("llama3.2", ["LLAMA 3.2 COMMUNITY LICENSE"]),
        ("llama3.3", ["LLAMA 3.3 COMMUNITY LICENSE"]), ("gemma", ["Gemma Terms of Use"]),
        ("gpl-3.0", ["GNU GENERAL PUBLIC LICENSE", "Version 3"]), ("gpl-2.0", ["GNU GENERAL PUBLIC LICENSE", "Version 2"]),
        ("bsd-3-clause", ["BSD 3-Clause License"]), ("cc-by-4.0", ["Creative Commons Attribution 4.0 International"]),
    ];

    /// <summary>What a folder says: the front matter of its README.md, else a licence's own text, else a line of the README.</summary>
    public static CardLicence Of(string folder)
    {
        string[] files = [.. new DirectoryInfo(folder).EnumerateFiles().Select(file => file.Name).Where(name => LegalFile().IsMatch(name))
            .Order(StringComparer.Ordinal)];
        var readme = TextOf(Path.Combine(folder, ModelCardFile.Name));
        if (readme is not null && CardFrontMatter.Read(readme) is { } fields && fields.Text("license") is { } stated)
            return new(stated, fields.Text("license_name"), fields.Text("license_link"), "its README.md", files);
        foreach (var file in files)
            if (TextOf(Path.Combine(folder, file)) is { } text && s_texts.FirstOrDefault(of => of.Words.All(word =>
                    Squeezed(text[..Math.Min(text.Length, 2000)]).Contains(word, StringComparison.OrdinalIgnoreCase))) is { Id: { } known })
                return new(known, null, null, $"its {file}", files);
        if (readme is not null && Line().Match(readme) is { Success: true } line)
            return new(line.Groups["id"].Value.ToLowerInvariant().Replace(' ', '-'), null, null, "its README.md", files);
        return files.FirstOrDefault(name => !name.StartsWith("NOTICE", StringComparison.OrdinalIgnoreCase)) is { } other
            ? new("other", null, other, $"its {other}", files) : new(null, null, null, null, files);
    }

    /// <summary>The sentence about it.</summary>
    /// <param name="model">What the teacher is called.</param>
    public string Sentence(string model) => Id is null
        ? $"The licence of {model} is unknown: its folder has no licence file and its README.md states none. Find out before you pass "
            + "this model on."
        : $"{model} is under {CardPage.Quoted(Name ?? Id)}, as {Said} says. The licence also covers models made from it"
            + (Files.Count > 0 ? $": {string.Join(", ", Files.Select(CardPage.Quoted))} in this folder." : ".");

    private static string Squeezed(string text) => Blank().Replace(text, " ");

    private static string? TextOf(string path)
    {
        try
        {
            return File.Exists(path) && PathKind.Odd(path) is null && new FileInfo(path).Length <= MostBytes ? File.ReadAllText(path)
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\A(LICEN[CS]E|NOTICE|COPYING|USE_POLICY)([._-].*)?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LegalFile();

    [GeneratedRegex(
        @"^\W*licen[cs]e\W*:[^\n]*?\b(?<id>apache[- ]2\.0|mit|bsd-[23]-clause|l?gpl-[23]\.[01]|agpl-3\.0|mpl-2\.0|cc0-1\.0|"
            + @"cc-by(-nc)?(-sa|-nd)?-4\.0|llama[23](\.[123])?|gemma)(?![\w.-]*\w)",
        RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Line();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blank();
}
