namespace Espalier.Compression.Data.Batches;

/// <summary>A source that makes rows before a step: by the model as it is then.</summary>
internal interface IDrawnSource : IBatchSource
{
    /// <summary>Makes the rows of a step, and perhaps of some after it; called before each step, by one thread.</summary>
    /// <param name="step">The step, from 0.</param>
    void Draw(long step);
}
