namespace Espalier.Models.Chat;

/// <summary>Messages as a template writes them.</summary>
/// <param name="Text">The text that a model reads, BOS included where the template writes it.</param>
/// <param name="Generated">Where in it, in UTF-16 units, the bodies of <c>{% generation %}</c> stand.</param>
internal sealed record ChatRendering(string Text, IReadOnlyList<(int Start, int End)> Generated)
{
    /// <summary>Whether a generation block was rendered where its place in the text is not known: by a macro, or into a variable.</summary>
    public bool HasLostGeneration { get; init; }
}
