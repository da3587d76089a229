using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf.Export;

namespace Espalier.Benchmarks;

/// <summary>
/// What decoding is measured on: the bundled teacher, or random weights in a published model's shape; as a folder and as GGUF in F32.
/// </summary>
internal sealed class DecodeModel : IDisposable
{
    private const string Teacher = "models/quickstart-teacher", Configs = "bench/shapes/decode";
    private readonly string _work = Directory.CreateTempSubdirectory("espalier-bench-").FullName;

    public DecodeModel(string name)
    {
        Folder = name == Path.GetFileName(Teacher) ? Teacher : Random(name, shape => shape);
    }

    /// <summary>The names of models, the smallest first.</summary>
    public static string[] Names =>
        [Path.GetFileName(Teacher),
            .. Directory.EnumerateDirectories(Configs).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    public string Folder { get; }

    /// <summary>The model as llama.cpp reads it.</summary>
    public string Gguf()
    {
        var file = Path.Combine(_work, "model.gguf");
        GgufExporter.Export(Folder, file, GgufFormat.F32);
        return file;
    }

    /// <summary>A folder of random weights, of the shape that is changed so.</summary>
    public string Random(string name, Func<DecoderConfig, DecoderConfig> change)
    {
        using var shape = Checkpoint.Open(name == Path.GetFileName(Teacher) ? Teacher : Path.Combine(Configs, name), requireWeights: false);
        var folder = Path.Combine(_work, Guid.NewGuid().ToString("N"));
        var config = change(shape.Config);
        CheckpointWriter.Write(folder, config, shape, ElementType.F32, DecoderWeights.RandomSource(config, shape.Family, seed: 0));
        // llama.cpp asks for a tokenizer; ids beyond it have none.
        foreach (var file in new[] { "tokenizer.json", "tokenizer_config.json" })
            if (!File.Exists(Path.Combine(folder, file)))
                File.Copy(Path.Combine(Teacher, file), Path.Combine(folder, file));
        return folder;
    }

    public void Dispose() => Directory.Delete(_work, recursive: true);
}
