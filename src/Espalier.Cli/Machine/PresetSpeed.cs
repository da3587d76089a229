using System.Diagnostics;

namespace Espalier.Cli.Machine;

/// <summary>Matrix products with what is preset for MKL and oneDNN, and in a second process without it.</summary>
/// <param name="Presets">The variables, with their values.</param>
/// <param name="Gflops">With them.</param>
/// <param name="GflopsWithout">Without them.</param>
internal sealed record PresetSpeed(string Presets, double Gflops, double GflopsWithout)
{
    /// <summary>The option by which <c>doctor</c> only measures the product and prints it.</summary>
    internal const string ProductsOnly = "--products-only";

    /// <summary>Less is noise.</summary>
    private const double LeastGain = 1.2;

    /// <summary>What to say about it, where it costs anything.</summary>
    internal IEnumerable<Finding> Findings() => GflopsWithout < LeastGain * Gflops ? [] :
    [
        new(Severity.Warning, $"{Presets} is set: matrix products reach {Gflops:0} GFLOP/s with it and {GflopsWithout:0} without",
            $"unset {string.Join(' ', Presets.Split(", ").Select(preset => preset.Split('=')[0]))}"),
    ];

    /// <summary>Measures in a process of its own, for they read their environment once; null where that process fails.</summary>
    internal static PresetSpeed? Measure(IReadOnlyList<string> names, IReadOnlyDictionary<string, string> presets, double gflops)
    {
        var program = typeof(PresetSpeed).Assembly.Location;
        var isHost = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == Path.GetFileNameWithoutExtension(program);
        var start = new ProcessStartInfo(isHost ? Environment.ProcessPath!
            : "dotnet", [.. isHost ? [] : (string[])[program], "doctor", ProductsOnly])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in names)
            start.Environment.Remove(name);
        try
        {
            using var process = Process.Start(start)!;
            _ = process.StandardError.ReadToEndAsync();
            var text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var without)
                ? new(string.Join(", ", names.Select(name => $"{name}={presets[name]}")), gflops, without)
                : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
