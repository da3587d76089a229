using System.Buffers;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;

namespace Espalier.Models.Gguf;

/// <summary>Writes a Hugging Face folder as one GGUF file that llama.cpp runs.</summary>
internal static class GgufExporter
{
    /// <summary>
    /// Exports weights, shape, tokenizer and chat template. Norms and other vectors stay float32; a matrix whose rows are no
    /// multiple of Q8_0's block of 32 (pruned widths) is stored as float16, as llama.cpp's own converter does. A folder
    /// without any tokenizer gives a vocabulary that spells each id as <c>&lt;17&gt;</c>.
    /// </summary>
    /// <param name="hfFolder">The folder: <c>config.json</c>, safetensors and, usually, <c>tokenizer.json</c>.</param>
    /// <param name="outputFile">The file to write; replaced in one step when everything is durable.</param>
    /// <param name="type">How matrices are stored.</param>
    /// <param name="progress">Receives each chunk.</param>
    /// <param name="name">What the file calls the model; the folder's name where null.</param>
    /// <param name="clamp">Whether finite weights beyond the type's range become its largest number instead of being refused.</param>
    /// <param name="cancellation">Stops between chunks; nothing is left behind.</param>
    /// <exception cref="EspalierException">
    /// The folder is broken, llama.cpp cannot express the model or its tokenizer, a weight does not fit, or writing failed.
    /// </exception>
    public static void Export(
        string hfFolder, string outputFile, GgufType type, IProgress<GgufProgress>? progress = null, string? name = null,
        bool clamp = false,
        CancellationToken cancellation = default)
    {
        using var checkpoint = Checkpoint.Open(hfFolder);
        var config = checkpoint.Config;
        LlamaArchitecture.Require(config, hfFolder);

        var metadata = new GgufMetadata();
        metadata.Add("general.architecture", LlamaArchitecture.Name);
        metadata.Add("general.type", "model");
        metadata.Add("general.name", name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(hfFolder))));
        metadata.Add("general.file_type", type.FileType());
        metadata.Add("general.quantization_version", 2u);
        LlamaArchitecture.Describe(config, metadata);
        GgufVocabulary.Describe(checkpoint, metadata);

        var tensors = checkpoint.Family.Table.Parameters(config).Select(p => Source(checkpoint, p, type)).ToList();
        if (RotaryFactors.Of(config) is { } factors)
            tensors.Add(new(RotaryFactors.Name, GgufType.F32, [factors.Length], (_, rows) => factors.CopyTo(rows)));
        GgufWriter.Write(outputFile, metadata, tensors, progress, clamp, cancellation);
    }

    /// <summary>Refuses what llama.cpp cannot express of a model and its tokenizer, before any weight is there.</summary>
    /// <param name="config">The model.</param>
    /// <param name="tokenizerFolder">The folder whose tokenizer goes with it: its own, or that of the model it is pruned from.</param>
    /// <param name="name">The model's name, for the error.</param>
    /// <returns>What a GGUF file says less exactly than the folder, one sentence each; empty where all is well.</returns>
    /// <exception cref="EspalierException">What stands in the way.</exception>
    public static IReadOnlyList<string> Check(DecoderConfig config, string tokenizerFolder, string name)
    {
        ArgumentNullException.ThrowIfNull(config);
        LlamaArchitecture.Require(config, name);
        return GgufVocabulary.Check(tokenizerFolder, config.VocabularySize);
    }

    /// <summary>The type that a tensor is stored in when the file's type is <paramref name="wanted"/>.</summary>
    internal static GgufType StoredType(IReadOnlyList<long> shape, GgufType wanted)
        => shape.Count == 1 ? GgufType.F32 : shape[^1] % wanted.BlockSize() != 0 ? GgufType.F16 : wanted;

    private static GgufTensorSource Source(Checkpoint checkpoint, NamedParameter parameter, GgufType wanted)
    {
        var (name, (role, _), shape) = parameter;
        var type = StoredType(shape, wanted);
        var ggufName = LlamaArchitecture.NameOf(parameter.Parameter);
        var width = shape.Length == 1 ? 1 : (int)shape[^1];
        var headDim = checkpoint.Config.HeadDim;
        return role is ParameterRole.QueryProjection or ParameterRole.KeyProjection or ParameterRole.QueryProjectionBias
            or ParameterRole.KeyProjectionBias
            ? new(ggufName, type, shape, ReadInterleaved, headDim)
            : new(ggufName, type, shape, (first, rows) => checkpoint.ReadFloat32(name, first * shape[^1], rows));

        void ReadInterleaved(long firstRow, Span<float> rows)
        {
            var halves = ArrayPool<float>.Shared.Rent(rows.Length);
            checkpoint.ReadFloat32(name, firstRow * width, halves.AsSpan(0, rows.Length));
            HeadOrder.Interleave(halves.AsSpan(0, rows.Length), rows, headDim, width);
            ArrayPool<float>.Shared.Return(halves);
        }
    }
}
