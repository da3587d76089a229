using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Pruning.Masks;

/// <summary>
/// Masks the matrices of all blocks, one block after the other: each is measured after those that are masked already, as Wanda's authors
/// do. Embedding and head stay. Costs a forward pass over the calibration windows for each block where the mask needs inputs.
/// </summary>
internal static class MaskPruner
{
    /// <summary>Masks a loaded model in place.</summary>
    /// <param name="model">The model, float32; changed.</param>
    /// <param name="windows">Calibration windows; not read where the mask needs no inputs.</param>
    /// <param name="samples">How many of them.</param>
    /// <param name="progress">Receives the blocks.</param>
    /// <param name="stop">Stops between batches.</param>
    /// <returns>Weights set to zero.</returns>
    public static long Run(
        Decoder model, WeightMask mask, Sparsity sparsity, WindowSet windows, int samples, IProgressReporter progress,
        CancellationToken stop = default)
    {
        using var task = progress.Begin("mask", model.Config.Layers, "layers");
        long zeros = 0;
        for (var layer = 0; layer < model.Config.Layers; layer++)
        {
            var norms = mask.NeedsInputs ? InputNorms.Measure(model, layer, windows, samples, stop) : null;
            foreach (var (parameter, value) in model.Parameters)
            {
                if (parameter.Layer != layer || ParameterSpec.Of(parameter.Role).Input is null)
                    continue;
                var weights = value.ToArray<float>();
                zeros += mask.Apply(weights, (int)value.Size(1), norms?.Of(parameter, value.Size(1)) ?? [], sparsity);
                value.CopyFrom<float>(weights);
            }
            task.Advance(1);
        }
        return zeros;
    }
}
