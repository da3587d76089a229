using System.Text;
using System.Text.RegularExpressions;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Cards;

/// <summary>
/// The YAML at the head of a model card, between two lines of three dashes: the Hub's fields, of which those are written that are known.
/// </summary>
internal sealed partial class CardFrontMatter
{
    private const int MostCharacters = 100_000;

    private static readonly YamlKind s_kind = new("front matter", "fields such as license");

    private readonly YamlMap _fields;

    private CardFrontMatter(YamlMap fields) => _fields = fields;

    /// <summary>The front matter of a card; null where it has none that can be read.</summary>
    public static CardFrontMatter? Read(string card)
    {
        if (Fence().Match(card) is not { Success: true } match || match.Groups["yaml"].Length > MostCharacters)
            return null;
        // Somebody's page; what it says is not known where it is no YAML.
        return Perhaps.Of(() => YamlTree.Parse(match.Groups["yaml"].Value, "README.md", s_kind)) is YamlMap fields ? new(fields) : null;
    }

    /// <summary>A field that is a text, or the only text of a list; null where it is not there, empty, or something else.</summary>
    public string? Text(string key) => _fields.Entries.FirstOrDefault(entry => entry.Key.Text == key).Value switch
    {
        YamlText { IsEmpty: false } one => OneLine.Clipped(one.Text),
        YamlList { Items: [YamlText { IsEmpty: false } one] } => OneLine.Clipped(one.Text),
        _ => null,
    };

    /// <summary>Writes a card's head.</summary>
    /// <param name="page">An empty page.</param>
    /// <param name="licence">The licence.</param>
    /// <param name="baseModel">The name on the Hub of the model that it was made from; null where that is not known.</param>
    /// <param name="from">What it was made from, for the remark where the name is not known.</param>
    /// <param name="tags">Words for it.</param>
    public static void Write(CardPage page, CardLicence licence, string? baseModel, string from, IEnumerable<string> tags)
    {
        page.Raw("---");
        if (licence.Id is { } id)
            page.Raw($"license: {Scalar(id)}");
        else
            page.Raw("# license: unknown, because the folder of the source model states none");
        if (licence.Name is { } name)
            page.Raw($"license_name: {Scalar(name)}");
        if (licence.Link is { } link)
            page.Raw($"license_link: {Scalar(link)}");
        page.Raw(baseModel is not null ? $"base_model: {Scalar(baseModel)}"
            : $"# base_model: the name on the Hub of {OneLine.Of(from)}, unknown to the run");
        page.Raw("library_name: transformers");
        page.Raw("pipeline_tag: text-generation");
        page.Raw("tags:");
        foreach (var tag in tags)
            page.Raw($"- {Scalar(tag)}");
        page.Raw("---");
    }

    /// <summary>
    /// The name on the Hub of a folder of its download cache, <c>models--ORG--NAME/snapshots/REVISION</c>; null of any other folder.
    /// </summary>
    public static string? HubNameOf(string folder) =>
        CachedModel().Match(Path.GetFullPath(folder).Replace('\\', '/')) is { Success: true } match
            ? match.Groups["owner"].Length > 0 ? $"{match.Groups["owner"].Value}/{match.Groups["name"].Value}" : match.Groups["name"].Value
            : null;

    // A plain word as it is, all else in double quotes, as JSON has them: every such text is YAML.
    private static string Scalar(string text)
    {
        if (Plain().IsMatch(text))
            return text;
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            _ = c is '"' or '\\' ? quoted.Append('\\').Append(c)
                : char.IsControl(c) ? quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : quoted.Append(c);
        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"\A---[ \t]*\r?\n(?<yaml>.*?)\r?\n---[ \t]*(\r?\n|\z)", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Fence();

    [GeneratedRegex(@"/models--((?<owner>[\w.-]+?)--)?(?<name>[\w.-]+)/snapshots/[^/]+/?\z", RegexOptions.CultureInvariant)]
    private static partial Regex CachedModel();

    [GeneratedRegex(@"\A(?!(?:true|false|yes|no|y|n|on|off|null)\z)[a-z][a-z0-9./_-]*\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
