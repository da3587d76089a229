namespace Espalier.Models.Checkpoints;

/// <summary>The files of a Hugging Face folder: names that stay inside it, weights, and what is carried along.</summary>
internal static class CheckpointFolder
{
    /// <summary>The weights in one file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>The list of shards.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    /// <summary>The model's shape.</summary>
    public const string ConfigFile = "config.json";

    /// <summary>Settings for generation.</summary>
    public const string GenerationConfigFile = "generation_config.json";

    private static readonly string[] s_pickleEndings = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"];

    private static readonly string[] s_weightEndings =
        [.. s_pickleEndings, ".bin.index.json", ".safetensors", ".safetensors.index.json", ".h5", ".msgpack", ".gguf", ".onnx", ".npz"];

    /// <summary>Whether the folder holds weights that can be opened.</summary>
    public static bool HasWeights(string folder) =>
        File.Exists(Path.Combine(folder, SingleFile)) || File.Exists(Path.Combine(folder, IndexFile));

    /// <summary>Files of a model that are read wherever a link leads that the user has laid in their place.</summary>
    private static readonly string[] s_followed =
    [
        ConfigFile, GenerationConfigFile, SingleFile, IndexFile, "tokenizer.json", "tokenizer_config.json", "tokenizer.model",
        "special_tokens_map.json", "tekken.json", "spiece.model",
        "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json",
    ];

    /// <summary>
    /// The path of a file inside the folder whose name was read from a file: a plain basename, so that no file names another place.
    /// </summary>
    /// <exception cref="EspalierException">The name could lead elsewhere, or no such file exists.</exception>
    public static string Inside(string folder, string name, string namedBy)
    {
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().IndexOfAny("/\\:\0") >= 0 || Path.IsPathRooted(name))
            throw new EspalierException($"{namedBy}: '{name.Replace('\0', '?')}' is not a plain file name inside the folder");
        var path = Path.Combine(folder, name);
        try
        {
            if (!File.Exists(path))
                throw new EspalierException($"{path}: not found, but {Path.GetFileName(namedBy)} names it; download it into the folder");
            return File.ResolveLinkTarget(path, returnFinalTarget: true) is { Exists: false } target
                ? throw new EspalierException($"{path}: is a link to {target.FullName}, which does not exist; put the file itself there")
                : path;
        }
        catch (IOException e)
        {
            throw new EspalierException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// What a written folder takes over from its source as it is: tokenizer files, chat templates, licences and the like; not weights, not
    /// the two configs (written anew), not README, data (.jsonl) or hidden files, no subfolders, and no links to files elsewhere unless
    /// they belong to the tokenizer.
    /// </summary>
    /// <returns>Names within the folder, in alphabetical order.</returns>
    /// <exception cref="EspalierException">One of them is a link that leads nowhere.</exception>
    public static IReadOnlyList<string> Carried(string folder)
    {
        var names = Directory.EnumerateFiles(folder).Where(File.Exists).Select(static path => Path.GetFileName(path))
            .Where(name => IsCarried(name) && (s_followed.Contains(name) || RealPath.Outside(folder, name) is null))
            .Order(StringComparer.Ordinal).ToArray();
        foreach (var name in names)
            Inside(folder, name, folder);
        return names;

        static bool IsCarried(string name) =>
            name is not (ConfigFile or GenerationConfigFile)
            && !name.StartsWith('.')
            && !name.StartsWith("README", StringComparison.OrdinalIgnoreCase)
            && !name.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase)
            && !s_weightEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A sentence about the model's files that are links out of the folder; null where there are none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="weights">Names of the files of weights that are read.</param>
    internal static string? NoteOfLinks(string folder, IEnumerable<string> weights)
    {
        var links = s_followed.Concat(weights).Distinct().Where(name => File.Exists(Path.Combine(folder, name)))
            .Select(name => (Name: name, Target: RealPath.Outside(folder, name))).Where(static link => link.Target is not null).ToArray();
        return links.Length == 0 ? null
            : $"{folder}: {string.Join(", ", links.Take(4).Select(static link => $"{link.Name} is a link to {link.Target}"))}"
                + $"{(links.Length > 4 ? $" and {links.Length - 4} more" : "")}, outside the folder; the linked files are read";
    }

    /// <summary>Why a folder has no weights to open: names what is there instead.</summary>
    internal static EspalierException NoWeights(string folder)
    {
        var files = Directory.EnumerateFiles(folder).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal).ToArray();
        var pickle =
            files.FirstOrDefault(static name => s_pickleEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)));
        return new(pickle is not null
            ? $"{Path.Combine(folder, pickle)}: pickled weights can run code and are never read; convert them to safetensors "
                + "(save_pretrained with safe_serialization=True)"
            : File.Exists(Path.Combine(folder, ModelPlace.AdapterFile)) ? ModelPlace.Adapter(folder)
            : files.FirstOrDefault(static name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) is { } gguf
            ? $"{folder}: has no safetensors, but {gguf}: convert it with espalier import "
                + $"{Path.Combine(folder, gguf)} --output FOLDER, and give that folder"
            : $"{folder}: has neither {SingleFile} nor {IndexFile}"
                + $"{(files.Length == 0 ? "; it is empty" : $"; it has {string.Join(", ", files.Take(10))}")}");
    }
}
