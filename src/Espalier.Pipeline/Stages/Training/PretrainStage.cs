using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>Training from random weights.</summary>
/// <param name="start">The random weights.</param>
/// <param name="section">How they train.</param>
/// <param name="data">Tokens.</param>
/// <param name="sequence">Tokens of a window.</param>
/// <param name="seed">Seed of the order.</param>
internal sealed class PretrainStage(ModelSlot start, TrainingSection section, Slot<TokenSets> data, int sequence, long seed)
    : TrainingStage(start, "trained", section, data, sequence, seed)
{
    /// <inheritdoc/>
    public override string Name => "pretrain";
}
