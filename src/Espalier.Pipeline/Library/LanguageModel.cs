using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Compression.Training;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Sampling;
using Espalier.Models.Tokenizers;

namespace Espalier;

/// <summary>
/// A language model in a Hugging Face folder: the entry point for programs. It computes the same scores, pruned weights and losses as the
/// commands, but without stages that resume after a crash; for those, use <see cref="RecipeRun"/>. Weights are read when first needed. Not
/// thread-safe; dispose it after use.
/// </summary>
public sealed class LanguageModel : IDisposable
{
    private readonly Checkpoint _checkpoint;
    private readonly Lazy<Tokenizer> _tokenizer;
    private Decoder? _decoder;

    private LanguageModel(Checkpoint checkpoint)
    {
        _checkpoint = checkpoint;
        _tokenizer = new(() => Tokenizer.Load(checkpoint.Folder));
    }

    /// <summary>The Hugging Face folder.</summary>
    public string Folder => _checkpoint.Folder;

    /// <summary>The model's shape.</summary>
    public DecoderConfig Config => _checkpoint.Config;

    /// <summary>The model's tokenizer.</summary>
    /// <exception cref="EspalierException">The folder has no tokenizer, or an unsupported one.</exception>
    public Tokenizer Tokenizer => _tokenizer.Value;

    /// <summary>The weights in memory, in float32; owned by this object.</summary>
    public Decoder Decoder => _decoder ??= DecoderWeights.Load(_checkpoint);

    /// <summary>Opens a folder and checks its config, tensor names and shapes.</summary>
    /// <exception cref="EspalierException">It is not a model, or its family is not supported; the message says what is wrong.</exception>
    public static LanguageModel Load(string folder) => new(Checkpoint.Open(folder));

    /// <summary>
    /// Continues a text until it ends or <paramref name="maxTokens"/> is reached; greedy unless <paramref name="sampling"/> is given.
    /// </summary>
    public string Generate(string prompt, int maxTokens = 128, SamplingOptions? sampling = null, CancellationToken stop = default)
    {
        var ends = StopIds.Of(_checkpoint, Tokenizer);
        var ids = Generator.Continue(Decoder, Tokenizer.Encode(prompt), maxTokens, sampling ?? new(), ends, stop);
        return Tokenizer.Decode([.. ids.Where(id => !ends.Contains(id))], skipSpecialTokens: true);
    }

    /// <summary>The model's loss on text, in nats per token, with the standard error over windows.</summary>
    public PerplexityResult Evaluate(TextData text, IProgressReporter? progress = null, CancellationToken stop = default) =>
        PerplexityEvaluator.Run(Decoder, text.Windows, count: null, batch: 8, progress ?? NullProgress.Instance, stop: stop);

    /// <summary>Scores the importance of each channel, head, neuron and layer on calibration text.</summary>
    /// <param name="text">Calibration text.</param>
    /// <param name="options">
    /// How to score; by default by the activations of 256 samples, or of all samples if there are fewer.
    /// </param>
    /// <param name="progress">Receives the number of samples done.</param>
    /// <param name="stop">Cancels the work.</param>
    public ImportanceScores Score(TextData text, ScoreOptions? options = null, IProgressReporter? progress = null,
        CancellationToken stop = default) =>
        ImportanceScorer.Run(
            Decoder, text.Windows,
            options ?? new()
            {
                Samples = (int)Math.Min(new ScoreOptions().Samples, text.Windows.Count),
                SpanWidths = [.. Enumerable.Range(1, Config.Layers - 1)]
            },
            progress ?? NullProgress.Instance, stop);

    /// <summary>Writes a copy of the model without its least important units.</summary>
    /// <param name="target">The sizes to prune to; null sizes stay.</param>
    /// <param name="scores">The result of <see cref="Score"/>.</param>
    /// <param name="output">The folder to create; it must be empty or not exist yet.</param>
    /// <param name="progress">Receives the number of parameters written.</param>
    /// <param name="stop">Cancels the work and leaves nothing behind.</param>
    /// <returns>The pruned model, open.</returns>
    /// <exception cref="EspalierException">A size is impossible, or the folder is not empty.</exception>
    public LanguageModel Prune(PruneTarget target, ImportanceScores scores, string output, IProgressReporter? progress = null,
        CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        var plan = PlanBuilder.ByImportance(Config, target.Apply(Config), scores);
        Pruner.Write(_checkpoint, plan, output, _checkpoint.StoredType, progress ?? NullProgress.Instance, stop: stop);
        return Load(output);
    }

    /// <summary>
    /// Trains this model towards a teacher's distributions and writes the result. This changes the weights in memory; the model's folder
    /// stays as it is.
    /// </summary>
    /// <param name="teacher">The teacher, with the same vocabulary.</param>
    /// <param name="text">Training text.</param>
    /// <param name="output">The folder to create; it must be empty or not exist yet.</param>
    /// <param name="options">How to train.</param>
    /// <param name="loss">A loss on logits, written as in recipes.</param>
    /// <param name="step">Called after each step.</param>
    /// <param name="stop">Stops after the current step; nothing is written then.</param>
    /// <returns>The trained model, open.</returns>
    /// <exception cref="EspalierException">
    /// The vocabularies do not match, an option is invalid, the loss is not finite, or the folder is not empty.
    /// </exception>
    public LanguageModel Distill(
        LanguageModel teacher, TextData text, string output, TrainingOptions options, string loss = "forward-kl",
        Action<StepReport>? step = null,
        CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(text);
        var shared = VocabularyAlignment.Of(teacher.Folder, Folder).Size;
        var objective = new LogitObjective(LossSpec.Parse(loss).Make(1.0), new AlignedTeacher(new OnlineTeacher(teacher.Decoder), shared));
        var data = new PackedText(text.Windows, SampleOrder.Shuffled(text.Windows.Count, seed: 1));
        using (var trainer = new Trainer(Decoder, objective, data, options))
        {
            trainer.Every(1, report => step?.Invoke(report));
            trainer.Run(stop);
        }
        CheckpointWriter.Write(output, Config, _checkpoint, _checkpoint.StoredType, DecoderWeights.Source(Decoder, _checkpoint.Family),
            cancellation: stop);
        return Load(output);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _decoder?.Dispose();
        _checkpoint.Dispose();
    }
}
