using Espalier.Models.Gguf;

namespace Espalier.Cli.Commands;

/// <summary>What <c>inspect --json</c> prints of a GGUF file.</summary>
internal sealed record GgufFacts
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>llama.cpp's name of the architecture.</summary>
    public required string Family { get; init; }

    /// <summary>All weights, counted; llama.cpp's table of rotary factors is none.</summary>
    public required long Parameters { get; init; }

    /// <summary>Those outside the embedding table and the head.</summary>
    public required long NonEmbeddingParameters { get; init; }

    /// <summary>Bytes of the weights as they are stored.</summary>
    public required long Bytes { get; init; }

    /// <summary>The type that most bytes are stored in.</summary>
    public required string Dtype { get; init; }

    /// <summary>Number of tensors.</summary>
    public required int Tensors { get; init; }

    /// <summary>Keys and values at the head of the file; of arrays only how long they are.</summary>
    public required IReadOnlyDictionary<string, object> Metadata { get; init; }

    internal static GgufFacts Of(GgufFile gguf, string path)
    {
        var weights = gguf.Tensors.Where(tensor => tensor.Name != "rope_freqs.weight").ToArray();
        return new()
        {
            Path = path,
            Family = gguf.Metadata.Get<string>("general.architecture"),
            Parameters = weights.Sum(tensor => tensor.Elements),
            NonEmbeddingParameters = weights.Where(tensor => tensor.Name is not ("token_embd.weight" or "output.weight")).Sum(tensor => tensor.Elements),
            Bytes = gguf.Tensors.Sum(tensor => tensor.Bytes),
            Dtype = gguf.Tensors.GroupBy(tensor => tensor.Type).MaxBy(group => group.Sum(tensor => tensor.Bytes))?.Key.Name() ?? "none",
            Tensors = gguf.Tensors.Count,
            Metadata = gguf.Metadata.ToDictionary(pair => pair.Key, pair => pair.Value is Array { Length: var length } ? length : pair.Value),
        };
    }
}
