using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Pruning;

/// <summary>The calibration ids of the golden pruning models as a file of ids.</summary>
internal static class GoldenCalibration
{
    /// <summary>
    /// Writes the file; the options under which it gives the golden scores. A sample has 32 positions there and no target, a window here
    /// has one more id: any will do, as nothing reads it.
    /// </summary>
    internal static string Arguments(string folder)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        var ids = golden.Longs("input_ids").Chunk(32).SelectMany(sample => sample.Append(0)).Select(id => (int)id);
        return $"--ids {Verb.WriteIds(folder, "calibration.i32", ids)} --samples 16 --seq 32";
    }
}
