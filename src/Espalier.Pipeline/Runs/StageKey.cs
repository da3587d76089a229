using System.Text.RegularExpressions;

namespace Espalier.Pipeline.Runs;

/// <summary>
/// What determines a stage: its name, its options, and the hashes of its inputs. The same key means the same result, so a stage
/// whose folder is complete is not done again.
/// </summary>
internal sealed partial record StageKey
{
    /// <summary>Part of every key: raised when what stages write changes its meaning.</summary>
    public const int FormatVersion = 1;

    private StageKey(string name, JsonNode? options, IReadOnlyDictionary<string, string> inputs, string hash) =>
        (Name, Options, Inputs, Hash) = (name, options, inputs, hash);

    /// <summary>Lower-case name of the stage: <c>distill</c>.</summary>
    public string Name { get; }

    /// <summary>
    /// The options that shape the result; no progress settings and no paths, but for a text's sources, which stand as the recipe writes
    /// them: which file is which weighs where there are several.
    /// </summary>
    public JsonNode? Options { get; }

    /// <summary>
    /// Name of an input (<c>teacher</c>, <c>data</c>) to its hash: <see cref="ContentHash"/>, or another stage's <see cref="Hash"/>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Inputs { get; }

    /// <summary>SHA-256 of the canonical JSON of the above, 64 hexadecimal digits.</summary>
    public string Hash { get; }

    /// <summary>The folder's name: <c>distill-0123456789ab</c>.</summary>
    public string FolderName => FolderNameOf(Name, Hash);

    /// <summary>The folder's name of the stage of a name and a key's hash.</summary>
    public static string FolderNameOf(string name, string hash) => $"{name}-{hash[..12]}";

    public static StageKey Of(string name, JsonNode? options, IReadOnlyDictionary<string, string> inputs)
    {
        if (!NamePattern().IsMatch(name))
            throw new ArgumentException($"\"{name}\" cannot name a stage: a-z, 0-9 and - only.", nameof(name));
        var sources = new JsonObject();
        foreach (var (input, inputHash) in inputs)
            sources[input] = inputHash;
        var all = new JsonObject
        {
            ["stage"] = name,
            ["format_version"] = FormatVersion,
            ["options"] = options?.DeepClone(),
            ["inputs"] = sources,
        };
        return new StageKey(name, options?.DeepClone(), inputs, ContentHash.OfBytes(CanonicalJson.Bytes(all)));
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
