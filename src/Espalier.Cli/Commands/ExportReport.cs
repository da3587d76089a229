using Espalier.Models.Runtimes;

namespace Espalier.Cli.Commands;

/// <summary>What <c>export --json</c> prints.</summary>
internal sealed record ExportReport
{
    /// <summary>The file or folder that was written.</summary>
    public required string Output { get; init; }

    /// <summary>gguf or hf.</summary>
    public required string Format { get; init; }

    /// <summary>How matrices are stored: f32, f16, bf16, q8_0; for a folder float32, float16, bfloat16.</summary>
    public required string Type { get; init; }

    /// <summary>Bytes of the GGUF file, or of the folder's weights.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes of the weights that were read.</summary>
    public required long SourceBytes { get; init; }

    /// <summary>Of a folder: what other programs would read differently than it is.</summary>
    public IReadOnlyList<RuntimeVerdict>? Runtimes { get; init; }

    /// <summary>Seconds of all of it.</summary>
    public double Seconds { get; init; }
}
