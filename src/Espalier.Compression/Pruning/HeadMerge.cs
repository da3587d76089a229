namespace Espalier.Compression.Pruning;

/// <summary>
/// A head whose query becomes 2 Q[<paramref name="Head"/>] − Q[<paramref name="Gone"/>], of the teacher's values, before slicing.
/// </summary>
/// <param name="Head">A head that stays.</param>
/// <param name="Gone">A head of the same KV group that goes.</param>
internal readonly record struct HeadMerge(int Head, int Gone);
