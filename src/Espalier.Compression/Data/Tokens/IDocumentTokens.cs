namespace Espalier.Compression.Data.Tokens;

/// <summary>Tokens that know where their documents begin.</summary>
internal interface IDocumentTokens : ITokens
{
    /// <summary>Where documents begin.</summary>
    DocumentBoundaries Boundaries { get; }
}
