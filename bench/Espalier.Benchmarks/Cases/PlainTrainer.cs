using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;

namespace Espalier.Benchmarks;

/// <summary>A trainer of a model on the bundled ids, alone or guided by a teacher.</summary>
internal sealed class PlainTrainer : IDisposable
{
    public PlainTrainer(Decoder model, Decoder? teacher = null, int steps = 1, int batch = 4, int sequence = 128)
    {
        var windows = new WindowSet(TokenIds.Parse(BundledTeacher.Ids, 4096), sequence);
        var objective = teacher is null ? new LogitObjective(new CrossEntropy())
            : new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher));
        Data = new(windows, SampleOrder.Shuffled(windows.Count, 1));
        Trainer = new(model, objective, Data,
            new() { Steps = steps, Batch = batch, LearningRate = 1e-4, MinLearningRate = 1e-4, WarmUp = 0 });
    }

    public PackedText Data { get; }

    public Trainer Trainer { get; }

    public void Dispose() => Trainer.Dispose();
}
