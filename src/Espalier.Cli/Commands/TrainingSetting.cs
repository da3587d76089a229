using Espalier.Compression.Data;
using Espalier.Pipeline.Stages;

namespace Espalier.Cli.Commands;

/// <summary>What a command that trains makes its stage of.</summary>
/// <param name="Start">The model to begin from.</param>
/// <param name="Teacher">What it learns from; null for none.</param>
/// <param name="Cache">A cache that stands for the teacher; null for none.</param>
/// <param name="Section">How it trains.</param>
/// <param name="Data">Tokens.</param>
/// <param name="Sequence">Tokens of a window.</param>
/// <param name="Seed">Seed of the order.</param>
/// <param name="Order">Which windows when, and what that is called in the stage's key.</param>
internal sealed record TrainingSetting(
    ModelSlot Start, ModelSlot? Teacher, Slot<ModelFolder>? Cache, TrainingSection Section, Slot<TokenSets> Data, int Sequence, long Seed, (Func<long, SampleOrder> Make, string Name) Order);
