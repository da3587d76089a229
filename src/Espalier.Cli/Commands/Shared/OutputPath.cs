namespace Espalier.Cli.Commands.Shared;

/// <summary>Refuses, before the work, an output that would be refused after it.</summary>
internal static class OutputPath
{
    /// <summary>A folder that is to be made: nothing may be there but an empty folder, and it lies outside the model.</summary>
    internal static string Folder(string path, string modelFolder)
    {
        var full = Outside("--output", path, modelFolder);
        if (System.IO.File.Exists(full) || new DirectoryInfo(full).LinkTarget is not null)
            throw new EspalierException($"--output {path}: is a file or a link; give a folder that does not exist yet");
        if (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any())
            throw new EspalierException($"--output {path}: exists and is not empty; give another folder or remove it");
        return path;
    }

    /// <summary>A file that is to be written, or replaced when the new one is complete; with a model's folder, outside that.</summary>
    internal static string File(string option, string path, string? modelFolder = null)
    {
        if (modelFolder is not null)
            Outside(option, path, modelFolder);
        if (Directory.Exists(path))
            throw new EspalierException($"{option} {path}: is a folder; give a file");
        var parent = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Directory.Exists(parent) ? path : throw new EspalierException($"{option} {path}: the folder {parent} does not exist; make it first");
    }

    private static string Outside(string option, string path, string modelFolder)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var model = Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelFolder));
        return $"{full}/".StartsWith($"{model}/", StringComparison.Ordinal)
            ? throw new EspalierException($"{option} {path}: lies inside the model's folder {modelFolder}; give a place outside it")
            : full;
    }
}
