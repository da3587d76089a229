using System.Text;
using Espalier.Models.Checkpoints;

namespace Espalier.Models.Gguf.Import;

/// <summary>A GGUF file as a Hugging Face folder: config, weights dequantised, tokenizer, chat template.</summary>
internal sealed class GgufImporter : IModelImporter
{
    private readonly GgufFile _file;
    private readonly ImportedTensors _tensors;
    private readonly ImportedConfig _imported;
    private readonly IReadOnlyDictionary<string, string> _carried;

    private GgufImporter(GgufFile file)
    {
        _file = file;
        if (file.Metadata.Find("split.count") is ushort parts and > 1)
            throw new EspalierException($"{file.Path}: is one of {parts} parts of a model; merge them first (llama.cpp: "
                + "llama-gguf-split --merge FIRST-PART WHOLE.gguf) and give the merged file");
        _imported = ImportedConfig.Read(file);
        _tensors = new(file, _imported);
        _carried = ImportedTokenizer.Files(file, _imported.Config.VocabularySize);
    }

    public DecoderConfig Config => _imported.Config;

    public string Form => _imported.Architecture.Name;

    public ElementType ExactType => _tensors.ExactType;

    public IReadOnlyList<(string Type, int Tensors)> Types =>
    [
        .. _file.Tensors.GroupBy(static tensor => tensor.Type).OrderByDescending(static group => group.Sum(static tensor => tensor.Bytes))
            .Select(static group => (group.Key.Name(), group.Count())),
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

    public void Write(string folder, ElementType stored, CheckpointWriterOptions? options = null,
        CancellationToken cancellation = default) =>
        CheckpointWriter.Write(folder, Config,
            new ModelHead(_imported.Family, _imported.Fields, ImportedIds.Generation(_file),
                [.. _carried.Select(static file => new CarriedFile(file.Key, Encoding.UTF8.GetByteCount(file.Value),
                    path => DurableOutput.WriteText(path, file.Value)))]),
            stored, _tensors, options, cancellation);

    public void Dispose() => _file.Dispose();
}
