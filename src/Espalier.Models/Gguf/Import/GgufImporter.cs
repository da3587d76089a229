using System.Text;
using Espalier.Files;
using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Gguf.Import;

/// <summary>A GGUF file as a Hugging Face folder: config, weights dequantised, tokenizer, chat template.</summary>
internal sealed class GgufImporter : IDisposable
{
    private readonly GgufFile _file;
    private readonly ImportedTensors _tensors;
    private readonly ImportedConfig _imported;
    private readonly IReadOnlyDictionary<string, string> _carried;

    private GgufImporter(GgufFile file)
    {
        _file = file;
        _imported = ImportedConfig.Read(file);
        _tensors = new(file, _imported);
        _carried = ImportedTokenizer.Files(file, _imported.Config.VocabularySize);
    }

    /// <summary>The decoder that the file says.</summary>
    public DecoderConfig Config => _imported.Config;

    /// <summary>llama.cpp's name of the architecture.</summary>
    public string Architecture => _imported.Architecture.Name;

    /// <summary>The smallest type that keeps every weight as the file has it.</summary>
    public ElementType ExactType => _tensors.ExactType;

    /// <summary>How many tensors are stored in which of ggml's types, the type of most bytes first.</summary>
    public IReadOnlyList<(GgufType Type, int Tensors)> Types =>
    [
        .. _file.Tensors.GroupBy(static tensor => tensor.Type).OrderByDescending(static group => group.Sum(static tensor => tensor.Bytes))
            .Select(static group => (group.Key, group.Count())),
    ];

    /// <summary>Opens a file and reads all but its weights.</summary>
    /// <exception cref="EspalierException">It is broken, or says what no supported family can.</exception>
    public static GgufImporter Open(string path)
    {
        var file = GgufFile.Open(path);
        try
        {
            return new(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes the folder; it appears when it is complete.</summary>
    /// <param name="folder">The folder to make; nothing but an empty folder may be there.</param>
    /// <param name="stored">Type to store the weights in.</param>
    /// <param name="options">Limits and progress.</param>
    /// <param name="cancellation">Stops the writing and removes what was written.</param>
    public void Write(string folder, ElementType stored, CheckpointWriterOptions? options = null,
        CancellationToken cancellation = default) =>
        CheckpointWriter.Write(folder, Config,
            new ModelHead(_imported.Family, _imported.Fields, ImportedIds.Generation(_file),
                [.. _carried.Select(static file => new CarriedFile(file.Key, Encoding.UTF8.GetByteCount(file.Value),
                    path => DurableOutput.WriteText(path, file.Value)))]),
            stored, _tensors, options, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
