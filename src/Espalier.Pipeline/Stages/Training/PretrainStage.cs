using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>Training from random weights.</summary>
internal sealed class PretrainStage(ModelSlot start, TrainingSection section, Slot<TokenSets> data, int sequence, long seed)
    : TrainingStage(start, "trained", section, data, sequence, seed)
{
    public override string Name => "pretrain";
}
