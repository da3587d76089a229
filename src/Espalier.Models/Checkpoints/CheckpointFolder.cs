namespace Espalier.Models.Checkpoints;

/// <summary>The files of a Hugging Face folder: names that stay inside it, weights, and what is carried along.</summary>
public static class CheckpointFolder
{
    /// <summary>The weights in one file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>The list of shards.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    /// <summary>The model's shape.</summary>
    public const string ConfigFile = "config.json";

    /// <summary>Settings for generation.</summary>
    public const string GenerationConfigFile = "generation_config.json";

    private static readonly string[] PickleEndings = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"];

    private static readonly string[] WeightEndings =
        [.. PickleEndings, ".bin.index.json", ".safetensors", ".safetensors.index.json", ".h5", ".msgpack", ".gguf", ".onnx", ".npz"];

    /// <summary>Whether the folder holds weights that can be opened.</summary>
    public static bool HasWeights(string folder) =>
        File.Exists(Path.Combine(folder, SingleFile)) || File.Exists(Path.Combine(folder, IndexFile));

    /// <summary>
    /// The path of a file inside the folder whose name was read from a file: a plain basename, no link that leaves the folder.
    /// The download cache of Hugging Face is let through: there, a snapshot's files are links into the <c>blobs</c> beside it.
    /// </summary>
    /// <exception cref="EspalierException">The name could lead elsewhere, or no such file exists.</exception>
    public static string Inside(string folder, string name, string namedBy)
    {
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().IndexOfAny("/\\:\0") >= 0 || Path.IsPathRooted(name))
            throw new EspalierException($"{namedBy}: '{name.Replace('\0', '?')}' is not a plain file name inside the folder");
        var path = Path.Combine(folder, name);
        FileSystemInfo? target;
        try
        {
            if (!File.Exists(path))
                throw new EspalierException($"{path}: not found, but {Path.GetFileName(namedBy)} names it; download it into the folder");
            target = File.ResolveLinkTarget(path, returnFinalTarget: true);
        }
        catch (IOException e)
        {
            throw new EspalierException($"{path}: cannot be read: {e.Message}", e);
        }

        if (target is null || IsBelow(target.FullName, Real(folder)) || IsBlob(folder, target.FullName))
            return path;
        throw new EspalierException($"{path}: is a link to {target.FullName}, outside the folder; put the file itself there (cp -L)");
    }

    /// <summary>
    /// What a written folder takes over from its source as it is: tokenizer files, chat templates, licences and the like; not
    /// weights, not the two configs (written anew), not README, data (.jsonl) or hidden files, and no subfolders.
    /// </summary>
    /// <returns>Names within the folder, in alphabetical order.</returns>
    /// <exception cref="EspalierException">One of them is a link that leaves the folder.</exception>
    public static IReadOnlyList<string> Carried(string folder)
    {
        var names = Directory.EnumerateFiles(folder).Where(File.Exists).Select(static path => Path.GetFileName(path))
            .Where(IsCarried).Order(StringComparer.Ordinal).ToArray();
        foreach (var name in names)
            Inside(folder, name, folder);
        return names;

        static bool IsCarried(string name) =>
            name is not (ConfigFile or GenerationConfigFile)
            && !name.StartsWith('.')
            && !name.StartsWith("README", StringComparison.OrdinalIgnoreCase)
            && !name.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase)
            && !WeightEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Why a folder has no weights to open: names what is there instead.</summary>
    internal static EspalierException NoWeights(string folder)
    {
        var files = Directory.EnumerateFiles(folder).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal).ToArray();
        var pickle = files.FirstOrDefault(static name => PickleEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)));
        return new(pickle is not null
            ? $"{Path.Combine(folder, pickle)}: pickled weights can run code and are never read; convert them to safetensors (save_pretrained with safe_serialization=True)"
            : $"{folder}: has neither {SingleFile} nor {IndexFile}{(files.Length == 0 ? "; it is empty" : $"; it has {string.Join(", ", files.Take(10))}")}");
    }

    private static bool IsBlob(string folder, string target)
    {
        var snapshots = Path.GetDirectoryName(Real(folder));
        return Path.GetFileName(snapshots) == "snapshots"
            && IsBelow(target, Path.Combine(Path.GetDirectoryName(snapshots)!, "blobs"));
    }

    private static bool IsBelow(string path, string folder) =>
        $"{Real(Path.GetDirectoryName(path)!)}/".StartsWith($"{folder}/", StringComparison.Ordinal);

    private static string Real(string folder)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return Directory.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName is { } target ? Path.TrimEndingDirectorySeparator(target) : full;
    }
}
