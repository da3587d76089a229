namespace Espalier.Models.Serving;

/// <summary>
/// All ids from the start of a sequence to the end of a block: the number of the block before, which stands for all that is before it, and
/// the block's own ids. Equal ones are equal id by id; a hash only finds them.
/// </summary>
/// <param name="parent">The number of the block before; a number is given once and never again. 0 or below for none.</param>
/// <param name="ids">The block's ids, which nobody changes.</param>
internal sealed class BlockBeginning(long parent, int[] ids) : IEquatable<BlockBeginning>
{
    private readonly long _parent = parent;
    private readonly int[] _ids = ids;

    public bool Equals(BlockBeginning? other) => other is not null && _parent == other._parent && _ids.AsSpan().SequenceEqual(other._ids);

    public override bool Equals(object? obj) => Equals(obj as BlockBeginning);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(_parent);
        foreach (var id in _ids)
            hash.Add(id);
        return hash.ToHashCode();
    }
}
