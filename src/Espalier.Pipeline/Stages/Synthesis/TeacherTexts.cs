using Espalier.Compression.Synthesis;
using Espalier.Evaluation.Synthesis;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Tokenizers;

namespace Espalier.Pipeline.Stages.Synthesis;

/// <summary>Puts together what a model needs to write texts.</summary>
internal static class TeacherTexts
{
    /// <summary>The texts that a model is to write; prompts are read, and its weights when there is something to write.</summary>
    /// <param name="checkpoint">The model, which stays the caller's.</param>
    /// <param name="name">What lines call it.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="options">What is asked.</param>
    /// <param name="benchmarks">The folder of benchmarks' files; null where nobody names one.</param>
    /// <param name="seed">Seed of the choices.</param>
    /// <param name="progress">Receives notes.</param>
    /// <param name="stop">Stops.</param>
    /// <exception cref="EspalierException">A file cannot be read, or the model has no tokenizer.</exception>
    public static SynthesisRun Of(Checkpoint checkpoint, string name, string hash, SynthesisOptions options, string? benchmarks, long seed,
        IProgressReporter progress, CancellationToken stop)
    {
        var tokenizer = Tokenizer.Load(checkpoint.Folder);
        var filters = SynthesisFilters.Of(options, benchmarks, progress, stop);
        return new()
        {
            Teacher = name,
            Hash = hash,
            Tokenizer = tokenizer,
            Ends = StopIds.Of(checkpoint, tokenizer),
            Load = () => PackedWeights.Load(checkpoint, PackedWeights.FormatOf(checkpoint)),
            Prompts = PromptList.Of(options, checkpoint.Folder, checkpoint.Config, tokenizer, stop),
            Options = options,
            Filters = filters.Filters,
            Decontaminated = filters.Hash,
            Seed = seed,
        };
    }
}
