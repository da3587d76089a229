using Espalier.Models.Families;

namespace Espalier.Models.Checkpoints;

/// <summary>All of a model's folder but its shape and its weights: what a folder that is made from it takes over.</summary>
/// <param name="Family">The family.</param>
/// <param name="RawConfig">The fields of <c>config.json</c>.</param>
/// <param name="GenerationConfig">Those of <c>generation_config.json</c>; null where there is none.</param>
/// <param name="Carried">Files that are written as they are: tokenizer, chat template, licence.</param>
internal sealed record ModelHead(
    Family Family, JsonObject RawConfig, JsonObject? GenerationConfig, IReadOnlyList<CarriedFile> Carried)
{
    /// <summary>That of a model in a folder.</summary>
    public static ModelHead Of(Checkpoint source) => new(source.Family, source.RawConfig, source.GenerationConfig,
        [.. source.CarriedFiles.Select(name => CarriedFile.Of(source.Folder, name))]);

    /// <summary>That of a folder whose config was read and changed.</summary>
    public static ModelHead Of(string folder, Family family, JsonObject config)
    {
        var generation = Path.Combine(folder, CheckpointFolder.GenerationConfigFile);
        return new(family, config, File.Exists(generation) ? JsonFile.Read(generation) : null,
            [.. CheckpointFolder.Carried(folder).Select(name => CarriedFile.Of(folder, name))]);
    }
}

/// <summary>A file that a model's folder takes over as it is.</summary>
/// <param name="Name">Its name in the folder.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="Write">Writes it under a path.</param>
internal sealed record CarriedFile(string Name, long Bytes, Action<string> Write)
{
    /// <summary>One that lies in a folder.</summary>
    public static CarriedFile Of(string folder, string name)
    {
        var path = CheckpointFolder.Inside(folder, name, folder);
        return new(name, RealPath.LengthOf(path), to => Copy(path, to));
    }

    private static void Copy(string from, string to)
    {
        // A pipe or a device has no length either, and is never opened.
        if (RealPath.LengthOf(from) == 0)
        {
            DurableOutput.WriteText(to, "");
            return;
        }

        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        DurableOutput.WriteFile(to, source.Length, source.CopyTo);
    }
}
