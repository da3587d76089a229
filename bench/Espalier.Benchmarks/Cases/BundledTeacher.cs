using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Models.Checkpoints;

namespace Espalier.Benchmarks;

/// <summary>The model of this repository and the documents that it wrote.</summary>
internal static class BundledTeacher
{
    public const string Folder = "models/quickstart-teacher", Ids = "tests/golden/quickstart-teacher/self-written.ids.i32";

    public static Decoder Load()
    {
        using var checkpoint = Checkpoint.Open(Folder);
        return DecoderWeights.Load(checkpoint);
    }

    public static WindowSet Windows(int sequence) => new(TokenIds.Parse(Ids, 4096), sequence);
}
