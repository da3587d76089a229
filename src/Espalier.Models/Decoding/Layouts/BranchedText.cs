namespace Espalier.Models.Layouts;

/// <summary>A text with several ways to go on, in one row of a pass: its tokens, then those of each way, one after the other.</summary>
/// <param name="Length">Tokens of the text, from 1.</param>
/// <param name="Branches">Tokens of each way to go on, from 1; none where only the text itself is read.</param>
internal sealed record BranchedText(int Length, IReadOnlyList<int> Branches)
{
    /// <summary>Tokens of all of it.</summary>
    public int Tokens => Length + Branches.Sum();
}
