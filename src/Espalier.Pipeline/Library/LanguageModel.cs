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
/// A language model in a Hugging Face folder: the front door for programs. What it gives are the same scores, cuts and losses as the
/// commands'; what it does not give are stages that go on after a crash, which <see cref="RecipeRun"/> has. Weights are read when they are
/// first needed. Not for several threads at once; dispose it.
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

    /// <summary>The folder.</summary>
    public string Folder => _checkpoint.Folder;

    /// <summary>Its shape.</summary>
    public DecoderConfig Config => _checkpoint.Config;

    /// <summary>Its tokenizer.</summary>
    /// <exception cref="EspalierException">The folder has none, or one that is not understood.</exception>
    public Tokenizer Tokenizer => _tokenizer.Value;

    /// <summary>Its weights in memory, in float32; this object's own.</summary>
    public Decoder Decoder => _decoder ??= DecoderWeights.Load(_checkpoint);

    /// <summary>Opens a folder and checks it: config, names, shapes.</summary>
    /// <exception cref="EspalierException">It is no model, or of a family that is not known; the message says what is wrong.</exception>
    public static LanguageModel Load(string folder) => new(Checkpoint.Open(folder));

    /// <summary>Continues a text until its end, or for so many tokens; greedy unless <paramref name="sampling"/> says otherwise.</summary>
    public string Generate(string prompt, int maxTokens = 128, SamplingOptions? sampling = null, CancellationToken stop = default)
    {
        var ends = StopIds.Of(_checkpoint, Tokenizer);
        var ids = Generator.Continue(Decoder, Tokenizer.Encode(prompt), maxTokens, sampling ?? new(), ends, stop);
        return Tokenizer.Decode([.. ids.Where(id => !ends.Contains(id))], skipSpecialTokens: true);
    }

    /// <summary>Its loss on text, nats a token, with the standard error over windows.</summary>
    public PerplexityResult Evaluate(TextData text, IProgressReporter? progress = null, CancellationToken stop = default) =>
        PerplexityEvaluator.Run(Decoder, text.Windows, count: null, batch: 8, progress ?? NullProgress.Instance, stop: stop);

    /// <summary>How much each channel, head, neuron and layer matters on calibration text.</summary>
    /// <param name="text">Calibration text.</param>
    /// <param name="options">
    /// How it is scored; by default the activations of 256 samples, or of all there are where these are fewer.
    /// </param>
    /// <param name="progress">Receives the samples.</param>
    /// <param name="stop">Stops.</param>
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

    /// <summary>Writes the model without its least important units.</summary>
    /// <param name="target">The sizes to come down to; what is null stays.</param>
    /// <param name="scores">What <see cref="Score"/> gave.</param>
    /// <param name="output">The folder to make; nothing but an empty folder may be there.</param>
    /// <param name="progress">Receives the parameters written.</param>
    /// <param name="stop">Stops, leaving nothing after.</param>
    /// <returns>The pruned model, open.</returns>
    /// <exception cref="EspalierException">A size that cannot be, or a folder that is taken.</exception>
    public LanguageModel Prune(PruneTarget target, ImportanceScores scores, string output, IProgressReporter? progress = null,
        CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        var plan = PlanBuilder.ByImportance(Config, target.Apply(Config), scores);
        Pruner.Write(_checkpoint, plan, output, _checkpoint.StoredType, progress ?? NullProgress.Instance, stop: stop);
        return Load(output);
    }

    /// <summary>
    /// Trains this model towards a teacher's distributions and writes the result; this object's weights are trained, its folder stays as it
    /// is.
    /// </summary>
    /// <param name="teacher">The teacher: of the same vocabulary.</param>
    /// <param name="text">Training text.</param>
    /// <param name="output">The folder to make; nothing but an empty folder may be there.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="loss">A loss on logits, as recipes name it.</param>
    /// <param name="step">Called after each step.</param>
    /// <param name="stop">Stops after a step; nothing is written then.</param>
    /// <returns>The trained model, open.</returns>
    /// <exception cref="EspalierException">
    /// Vocabularies that do not go together, an option that cannot work, a loss that is not finite, or a folder that is taken.
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
