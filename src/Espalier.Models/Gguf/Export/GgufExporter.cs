using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Gguf.Export;

/// <summary>Writes a Hugging Face folder as one GGUF file that llama.cpp runs.</summary>
internal static class GgufExporter
{
    /// <summary>
    /// Exports weights, shape, tokenizer and chat template. Norms and other vectors stay float32; a matrix whose rows are no whole blocks
    /// (pruned widths) gets the type of <see cref="GgufFormats.Fitting"/>. A folder without any tokenizer gives a vocabulary that spells
    /// each id as <c>&lt;17&gt;</c>.
    /// </summary>
    /// <param name="hfFolder">The folder: <c>config.json</c>, safetensors and, usually, <c>tokenizer.json</c>.</param>
    /// <param name="outputFile">The file to write; replaced in one step when everything is durable.</param>
    /// <param name="format">How matrices are stored.</param>
    /// <param name="progress">Receives each chunk.</param>
    /// <param name="name">What the file calls the model; the folder's name where null.</param>
    /// <param name="clamp">Whether finite weights beyond the type's range become its largest number instead of being refused.</param>
    /// <param name="importance">
    /// What an error costs in each column of a matrix, such as the mean square of its input; null where that is the same everywhere.
    /// </param>
    /// <param name="cancellation">Stops between chunks; nothing is left behind.</param>
    /// <returns>What storing each tensor cost, in file order.</returns>
    /// <exception cref="EspalierException">
    /// The folder is broken, llama.cpp cannot express the model or its tokenizer, a weight does not fit, or writing failed.
    /// </exception>
    public static IReadOnlyList<GgufTensorError> Export(
        string hfFolder, string outputFile, GgufFormat format, IProgress<GgufProgress>? progress = null, string? name = null,
        bool clamp = false, Func<Parameter, float[]?>? importance = null, CancellationToken cancellation = default)
    {
        using var checkpoint = Checkpoint.Open(hfFolder);
        var config = checkpoint.Config;
        var architecture = GgufArchitectures.For(config, hfFolder);

        var metadata = new GgufMetadata();
        metadata.Add("general.architecture", architecture.Name);
        metadata.Add("general.type", "model");
        name ??= Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(hfFolder)));
        metadata.Add("general.name", GgufVocabulary.NameOf(name, hfFolder));
        metadata.Add("general.file_type", format.FileType());
        metadata.Add("general.quantization_version", 2u);
        architecture.Describe(config, metadata);
        GgufVocabulary.Describe(checkpoint, metadata);

        GgufTensorSource[] tensors = [.. new ExportedTensors(checkpoint, architecture)
            .Of(GgufPlan.Of(checkpoint.Family, config, architecture, format), importance)];
        return GgufWriter.Write(outputFile, metadata, tensors, progress, clamp, cancellation);
    }

    /// <summary>Refuses what llama.cpp cannot express of a model and its tokenizer, before any weight is there.</summary>
    /// <param name="config">The model.</param>
    /// <param name="tokenizerFolder">The folder whose tokenizer goes with it: its own, or that of the model it is pruned from.</param>
    /// <param name="name">The model's name, for the error.</param>
    /// <param name="formats">The formats that will be written.</param>
    /// <returns>
    /// What a GGUF file says less exactly than the folder or the format's name, one sentence each; empty where all is well.
    /// </returns>
    /// <exception cref="EspalierException">What stands in the way.</exception>
    public static IReadOnlyList<string> Check(DecoderConfig config, string tokenizerFolder, string name,
        params IEnumerable<GgufFormat> formats)
    {
        ArgumentNullException.ThrowIfNull(config);
        var architecture = GgufArchitectures.For(config, name);
        var family = FamilyCatalog.For(config.Family, name);
        return [
            .. architecture.Notes(config),
            .. GgufVocabulary.Check(tokenizerFolder, config.VocabularySize),
            .. formats.SelectMany(format => GgufPlan.Notes(GgufPlan.Of(family, config, architecture, format), format)),
        ];
    }

    /// <summary>Bytes of a file's weights, without its head.</summary>
    public static long Bytes(Family family, DecoderConfig config, GgufFormat format) =>
        GgufPlan.Of(family, config, GgufArchitectures.For(config, family.ModelType), format).Sum(tensor => tensor.Bytes);
}
