namespace Espalier.Models.Generation.Rows;

/// <summary>The second half of a block of a <see cref="RowDecoder"/>.</summary>
internal interface IRowFeedForward
{
    /// <summary>Takes rows through, to where its results go.</summary>
    /// <param name="x">Rows of the stream, normed; not the ones that results go to.</param>
    /// <param name="rows">How many.</param>
    /// <param name="adds">Whether results are added to what is there.</param>
    void Forward(RowBuffer x, int rows, bool adds);
}
