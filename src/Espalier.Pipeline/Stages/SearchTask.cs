using Espalier.Compression;
using Espalier.Compression.Evaluation;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;

namespace Espalier.Pipeline.Stages;

/// <summary>A multiple-choice file that candidates of a search are compared on.</summary>
/// <param name="Name">Its name in tables: the file's, without its ending.</param>
/// <param name="Hash">Hash of the file.</param>
/// <param name="Items">The items as the models read them.</param>
internal sealed record SearchTask(string Name, string Hash, MultipleChoiceTask Items)
{
    /// <summary>Ids that go through a model for it.</summary>
    public long Tokens => Items.Rows.Sum(row => (long)row.Ids.Length);

    /// <summary>Reads a file of items, encoded for a model.</summary>
    /// <exception cref="EspalierException">The file or an item is broken, or the model has no tokenizer.</exception>
    public static SearchTask Open(string path, string model)
    {
        using var checkpoint = Checkpoint.Open(model, requireWeights: false);
        return new(Path.GetFileNameWithoutExtension(path), ContentHash.OfFile(path),
            new(MultipleChoiceFile.Read(path), Tokenizer.Load(model), checkpoint.Config.MaxPositions, checkpoint.Config.VocabularySize));
    }

    /// <summary>−log p of the right choice, of each item.</summary>
    internal double[] Losses(Decoder model, IProgressReporter progress, CancellationToken stop) =>
        [.. Items.ByItem(MultipleChoiceEvaluator.LogLikelihoods(model, Items, 16, progress, stop))
            .Select(item => item.NegativeLogProbability)];
}
