namespace Espalier.Models.Generation.Rows;

/// <summary>Where the rows of a pass of a <see cref="RowDecoder"/> belong.</summary>
/// <param name="table">Of each row the blocks of its sequence in the order of its positions, the same number for each row.</param>
/// <param name="slots">Of each row where the states of its sequence lie.</param>
/// <param name="positions">Of each row its position.</param>
/// <param name="capacity">Positions of a block.</param>
internal readonly ref struct RowPlaces(ReadOnlySpan<int> table, ReadOnlySpan<int> slots, ReadOnlySpan<int> positions, int capacity)
{
    public ReadOnlySpan<int> Table { get; } = table;

    public ReadOnlySpan<int> Slots { get; } = slots;

    public ReadOnlySpan<int> Positions { get; } = positions;

    public int Capacity => capacity;

    public int Rows => Positions.Length;
}
