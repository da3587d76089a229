namespace Espalier.Models.Generation.Rows;

/// <summary>The first half of a block of a <see cref="RowDecoder"/>, in which a row sees those before it of its sequence.</summary>
internal interface IRowMixer
{
    /// <summary>Takes rows through, to where its results go.</summary>
    /// <param name="x">Rows of the stream, normed; not the ones that results go to.</param>
    /// <param name="places">Where they belong; rows of one sequence come in the order of their positions.</param>
    /// <param name="adds">Whether results are added to what is there.</param>
    void Forward(RowBuffer x, in RowPlaces places, bool adds);
}
