namespace Espalier.Files;

/// <summary>Reading this program's own records: what is not as it was written is damage, and no guess is made at a newer format.</summary>
internal static class RecordFile
{
    /// <summary>No record is longer; more is damage, and is not read into memory.</summary>
    public const long Largest = 64 << 20;

    /// <summary>Each name once.</summary>
    public static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Reads a record's bytes, refusing what cannot be one before any is allocated.</summary>
    /// <exception cref="DamagedFileException">Missing, a link, empty, too long, or unreadable.</exception>
    public static byte[] ReadBytes(string path)
    {
        try
        {
            if (PathKind.Odd(path) is { } odd)
                throw new DamagedFileException($"{path} {odd}, not the record of a run; move it away");
            var file = new FileInfo(path);
            if (!file.Exists)
                throw new DamagedFileException($"{path} is missing");
            if (file.Length is 0 or > Largest)
                throw new DamagedFileException($"{path} has {file.Length} bytes; 1 to {Largest} are expected");
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DamagedFileException($"{path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Refuses a record of a later program (never guessed at) and one without a sensible version.</summary>
    public static void RequireKnownVersion(string path, JsonElement body, int known)
    {
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("format_version", out var field)
            || field.ValueKind != JsonValueKind.Number || !field.TryGetInt32(out var version) || version < 1)
            throw new DamagedFileException($"{path}: format_version is missing or not a positive whole number");
        if (version > known)
            throw new EspalierException(
                $"{path}: format_version {version} is newer than {known}, the newest that this program knows; "
                + "use the program that wrote it, or another run folder");
    }
}
