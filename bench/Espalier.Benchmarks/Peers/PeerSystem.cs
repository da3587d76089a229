using System.Diagnostics;

namespace Espalier.Benchmarks;

/// <summary>
/// A place with PyTorch: a Debian of its own (ESPALIER_PEER_ROOT; <c>bench/peer-system</c> makes one), or this machine's /usr/bin/python3.
/// The scripts are those of bench/peers.
/// </summary>
internal sealed record PeerSystem(string Name, string? Root, string Torch)
{
    /// <summary>What to do where there is none.</summary>
    public const string Missing = "no PyTorch: bench/peer-system FOLDER makes a place for it, then ESPALIER_PEER_ROOT=FOLDER";

    /// <summary>The setting that gives a peer an allocator that keeps memory.</summary>
    public const string TcMalloc = "LD_PRELOAD=libtcmalloc_minimal.so.4";
    private const string Kept = "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296";

    private static string Scripts => Path.GetFullPath("bench/peers");

    /// <summary>Every system that is there, the current PyTorch first.</summary>
    public static PeerSystem[] Find()
    {
        string?[] roots = [Environment.GetEnvironmentVariable("ESPALIER_PEER_ROOT") is { Length: > 0 } root ? root : null, null];
        return [.. roots.Distinct().Select(root => new PeerSystem("", root, "")).Select(Named).OfType<PeerSystem>()];
    }

    /// <summary>A script of bench/peers.</summary>
    public PeerCommand Command(string name, string script, string work, string[] settings, params string[] options)
    {
        var (peers, folder) = Root is null ? (Scripts, work) : ("/mnt/peers", "/mnt/work");
        string[] python =
        [
            "env", "-u", "OPENBLAS_CORETYPE", "-u", "OPENBLAS_L2_SIZE", $"PYTHONPATH={peers}", "PYTHONDONTWRITEBYTECODE=1", .. settings,
            "/usr/bin/python3", $"{peers}/{script}", .. options.Select(option => option.Replace("WORK", folder, StringComparison.Ordinal)),
        ];
        return Root is null
            ? new(name, python[0], python[1..])
            : new(name, "bench/in-peer-system", [Root, $"{Scripts}=peers", $"{work}=work", "--", .. python]);
    }

    /// <summary>
    /// The forms of the distillation step: as it is written, with allocators that keep memory, and every other form with the quicker
    /// allocator.
    /// </summary>
    public IEnumerable<PeerCommand> StepVariants(string work, bool bfloat16, bool compiled, params string[] options)
    {
        yield return Step("plain", []);
        yield return Step("tcmalloc", [TcMalloc]);
        yield return Step("kept", [Kept]);
        yield return Step("soft_ce, tcmalloc", [TcMalloc], "--loss", "soft_ce");
        yield return Step("chunked 128, tcmalloc", [TcMalloc], "--chunked", "128");
        if (compiled && CanCompile)
            yield return Step("compile, tcmalloc", [TcMalloc], "--compile");
        if (bfloat16 && Current)
        {
            yield return Autocast("autocast, tcmalloc", [TcMalloc]);
            yield return Autocast("autocast, soft_ce, tcmalloc", [TcMalloc], "--loss", "soft_ce");
            if (compiled && CanCompile)
                yield return Autocast("autocast, compile, tcmalloc", [TcMalloc], "--compile");
        }

        PeerCommand Step(string form, string[] settings, params string[] more) =>
            Command($"{Name} {form}", "kd_step.py", work, settings, [.. options, .. more]);

        PeerCommand Autocast(string form, string[] settings, params string[] more) =>
            Command($"{Name} {form}", "kd_step_autocast.py", work, settings, [.. options, .. more]);
    }

    private bool Current => !Torch.StartsWith("1.", StringComparison.Ordinal);

    private bool CanCompile => Current && (Root is null ? File.Exists("/usr/bin/g++") : File.Exists(Path.Combine(Root, "usr/bin/g++")));

    /// <summary>Runs a script to its end and gives the event of a kind.</summary>
    public static JsonObject Run(PeerCommand command, string kind)
    {
        using var peer = new Peer(command);
        return peer.Read(kind);
    }

    // Which PyTorch there is, if one.
    private static PeerSystem? Named(PeerSystem system)
    {
        string[] ask = ["/usr/bin/python3", "-c", "import numpy, torch; print(torch.__version__)"];
        var (program, arguments) = system.Root is null ? (ask[0], ask[1..]) : ("bench/in-peer-system", [system.Root, "--", .. ask]);
        try
        {
            using var process =
                Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var version = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode != 0 || version.Length == 0 ? null
                : system with
                {
                    Torch = version,
                    Name = string.Create(CultureInfo.InvariantCulture, $"PyTorch {version.Split('+', 'a')[0]}")
                };
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
