namespace Espalier.Pipeline.Cards;

/// <summary>
/// A column of a table on a page or a terminal. A text stands for one: its title, after a &gt; where the cells are numbers, which are
/// aligned to the right.
/// </summary>
/// <param name="Title">What stands above it.</param>
/// <param name="IsNumber">Whether its cells are numbers.</param>
internal readonly record struct Column(string Title, bool IsNumber)
{
    public static implicit operator Column(string title) => title.StartsWith('>') ? new(title[1..], true) : new(title, false);
}
