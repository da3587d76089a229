namespace Espalier.Compression.Data.Batches;

/// <summary>How far the beginnings of two windows are apart.</summary>
public enum WindowStride
{
    /// <summary>Window w is ids[w (seq + 1)] to ids[w (seq + 1) + seq]: no id twice. For training.</summary>
    Disjoint,

    /// <summary>Window w is ids[w seq] to ids[w seq + seq]: the last target is the next window's first input. For evaluation.</summary>
    Contiguous,
}
