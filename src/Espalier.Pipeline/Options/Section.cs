namespace Espalier.Pipeline.Options;

/// <summary>A section of a recipe: its name and the keys that it may have. What is not there is refused.</summary>
/// <param name="Name">Its name; the top level has none.</param>
/// <param name="Keys">Its keys, in the order in which they are listed.</param>
internal sealed record Section(string Name, IReadOnlyList<Key> Keys)
{
    /// <summary>A word that stands for the section without any key; null for none: <c>cycles: auto</c>.</summary>
    public string? Word { get; init; }

    /// <summary>A word that stands for no such section; null for none: <c>distill: never</c>.</summary>
    public string? Without { get; init; }

    /// <summary>Why a key that one might expect is not there; null for others.</summary>
    public Func<string, string?> WhyNot { get; init; } = _ => null;

    /// <summary>Of these keys one must be there at least; empty for no such rule.</summary>
    public IReadOnlyList<string> OneOf { get; init; } = [];

    /// <summary>Names of the keys, in their order.</summary>
    public string[] Names { get; } = [.. Keys.Select(key => key.Name)];

    /// <summary>The section and all that lie in it, each once, in the order of the text.</summary>
    public IEnumerable<Section> All =>
        Keys.Select(key => key.Inner).OfType<Section>().SelectMany(inner => inner.All).Prepend(this).Distinct();

    /// <summary>The key of a name, or of the name that its option has where that cannot be the key's own.</summary>
    public Key? Find(string name) => Keys.FirstOrDefault(key => key.Name == name || key.OptionName == name);
}
