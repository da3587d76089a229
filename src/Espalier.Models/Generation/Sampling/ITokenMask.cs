namespace Espalier.Models.Generation.Sampling;

/// <summary>Says which ids may come next in one sequence, and follows those that come. Not for several threads.</summary>
internal interface ITokenMask
{
    /// <summary>Whether nothing is missing: the sequence may end here.</summary>
    bool IsComplete { get; }

    /// <summary>Sets the logits of ids that may not come to −∞. At least one stays.</summary>
    /// <exception cref="EspalierException">No id may come: the vocabulary cannot write what is missing.</exception>
    void Apply(Span<float> logits);

    /// <summary>Takes the id that was chosen.</summary>
    void Accept(int id);
}
