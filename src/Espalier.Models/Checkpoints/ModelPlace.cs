using System.Text.RegularExpressions;

namespace Espalier.Models.Checkpoints;

/// <summary>Says of a path that is no model's folder what it is, and the way out.</summary>
internal static partial class ModelPlace
{
    /// <summary>What tells a folder of a LoRA or another adapter.</summary>
    public const string AdapterFile = "adapter_config.json";

    private const int MostNames = 10_000;

    /// <summary>Refuses what is no folder with a <c>config.json</c>.</summary>
    /// <exception cref="EspalierException">Says what is there, or what the user may have meant.</exception>
    public static void Require(string folder)
    {
        if (folder.Length == 0)
            throw new EspalierException("the folder's name is empty; give a folder with config.json and safetensors");
        if (File.Exists(folder))
            throw new EspalierException(IsFileOfModel(folder)
                ? $"{folder}: is one file of a model; give its folder, {Path.GetDirectoryName(Path.GetFullPath(folder))}"
                : $"{folder}: {ForeignFile.Explain(folder) ?? "is a file; give the folder that holds config.json and model.safetensors"}");
        if (!Directory.Exists(folder))
            throw new EspalierException($"{folder}: not found{Meant(folder)}");
        if (!File.Exists(Path.Combine(folder, CheckpointFolder.ConfigFile)))
            throw new EspalierException(MayBeRead(folder) ? WithoutConfig(folder) : $"{folder}: you do not have permission to read this "
                + "folder");
    }

    /// <summary>What an adapter's folder is, and what to do with it.</summary>
    public static string Adapter(string folder)
    {
        string? made = null;
        try
        {
            made = JsonFile.Read(Path.Combine(folder, AdapterFile))["base_model_name_or_path"]?.ToString();
        }
        catch (EspalierException)
        {
            // The advice is the same.
        }

        return $"{folder}: contains an adapter such as LoRA ({AdapterFile}{(made is null ? "" : $", made for {made}")}) but no model; "
            + "merge it into its model first (PEFT: merge_and_unload(), then save_pretrained) and give the folder with the result";
    }

    private static bool IsFileOfModel(string path) =>
        ForeignFile.Explain(path) is null
            && (path.EndsWith(".safetensors", StringComparison.Ordinal) || path.EndsWith(".json", StringComparison.Ordinal));

    private static string WithoutConfig(string folder)
    {
        var missing = $"{Path.Combine(folder, CheckpointFolder.ConfigFile)}: not found";
        if (File.Exists(Path.Combine(folder, AdapterFile)))
            return Adapter(folder);
        var names = Names(Directory.EnumerateFiles, folder);
        // A run keeps its student in a folder of that name.
        if (names.Contains("run.json") && Path.Combine(folder, "student") is var student
            && File.Exists(Path.Combine(student, CheckpointFolder.ConfigFile)))
            return $"{folder}: is a run folder; its student is {student}";
        if (names.FirstOrDefault(static name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) is { } gguf)
            return $"{missing}; the folder has {gguf}: convert it with espalier import "
                + $"{Path.Combine(folder, gguf)} --output FOLDER, and give that folder";
        if (names.Contains("params.json"))
            return $"{missing}; params.json belongs to the publisher's own format: download the "
                + "files for transformers instead (config.json, model*.safetensors, tokenizer.json)";
        if (Snapshot(folder) is { } snapshot)
            return $"{missing}; it is a folder of the download cache: give {snapshot}";
        return Names(Directory.EnumerateDirectories, folder).Select(name => Path.Combine(folder, name))
            .FirstOrDefault(static inner => File.Exists(Path.Combine(inner, CheckpointFolder.ConfigFile))) is { } below
            ? $"{missing}; did you mean {below}?"
            : $"{missing}{(names.Length == 0 ? "; the folder is empty" : $"; the folder has {string.Join(", ", names.Take(8))}{(names.Length > 8 ? ", ..." : "")}")}";
    }

    private static string Meant(string folder)
    {
        if (Nearest(folder) is { } near)
            return $"; did you mean {near}?";
        if (HubId(folder) is not { } id)
            return "; give a folder with config.json and safetensors; nothing is downloaded";
        var cache = Environment.GetEnvironmentVariable("HF_HUB_CACHE")
            ?? Path.Combine(Environment.GetEnvironmentVariable("HF_HOME")
                ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface"), "hub");
        return Snapshot(Path.Combine(cache, $"models--{id.Replace("/", "--", StringComparison.Ordinal)}")) is { } snapshot
            ? $"; the download cache has a model of that name: {snapshot}"
            : $"; it was looked for in {Directory.GetCurrentDirectory()}; if it is the name of a model on the Hugging Face Hub, "
                + $"download it first, because Espalier downloads nothing: hf download {id} "
                + $"--local-dir {id[(id.IndexOf('/', StringComparison.Ordinal) + 1)..]}, and give that folder";
    }

    /// <summary>The last two parts of a path whose folder does not exist, or of a page's address, as a name on the hub.</summary>
    private static string? HubId(string path)
    {
        var match = Id().Match(path);
        return match.Success && (match.Groups["address"].Success || !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
            ? match.Groups["id"].Value : null;
    }

    /// <summary>The folder whose name is most like the one that was given, with its parents mended too.</summary>
    private static string? Nearest(string path)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        var (parent, name) = (Path.GetDirectoryName(path), Path.GetFileName(path));
        if (parent is null || name.Length == 0)
            return null;
        var place = parent.Length == 0 ? "." : parent;
        if (!Directory.Exists(place))
            return Nearest(parent) is { } mended && Directory.Exists(Path.Combine(mended, name)) ? Path.Combine(mended, name) : null;
        return NearestName.Nearest(name, Names(Directory.EnumerateDirectories, place)) is { } near ? Path.Combine(parent, near) : null;
    }

    private static string? Snapshot(string folder)
    {
        var snapshots = Path.Combine(folder, "snapshots");
        return Names(Directory.EnumerateDirectories, snapshots).Select(name => Path.Combine(snapshots, name))
            .Where(static place => File.Exists(Path.Combine(place, CheckpointFolder.ConfigFile)))
            .MaxBy(Directory.GetLastWriteTimeUtc);
    }

    private static bool MayBeRead(string folder)
    {
        try
        {
            _ = Directory.EnumerateFileSystemEntries(folder).Any();
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string[] Names(Func<string, IEnumerable<string>> list, string folder)
    {
        try
        {
            return Directory.Exists(folder)
                ? [.. list(folder).Take(MostNames).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    [GeneratedRegex(@"(?:^|(?<address>^https?://[^/]+/)|/)(?<id>[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)/?$",
        RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Id();
}
