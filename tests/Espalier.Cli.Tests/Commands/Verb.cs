using System.Buffers.Binary;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands;

/// <summary>Runs a command line as a process would, and what the tests of commands run on.</summary>
internal static class Verb
{
    /// <summary>The bundled teacher.</summary>
    internal static string Teacher { get; } = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    /// <summary>Ids of documents that it wrote.</summary>
    internal static string TeacherIds { get; } = Fixtures.Golden("quickstart-teacher", "self-written.ids.i32");

    /// <summary>
    /// A model of some thousand weights without a tokenizer: hidden 48, ffn 96, 8 heads of 8 in 2 groups, 6 layers, vocabulary 128.
    /// </summary>
    internal static string Tiny { get; } = Fixtures.Golden("pruning", "teacher");

    /// <summary>Runs a command line with --json that must succeed.</summary>
    internal static JsonElement Json(string line)
    {
        var (code, output, error) = TestCommand.Launch($"{line} --json");
        Assert.True(code == 0, error);
        Assert.Single(output.TrimEnd('\n').Split('\n'));
        return JsonDocument.Parse(output).RootElement;
    }

    /// <summary>Runs a command line that must be refused: one line on stderr, nothing on stdout. Returns the line.</summary>
    internal static string Refused(string line)
    {
        var (code, output, error) = TestCommand.Launch(line);
        Assert.True(code == 2, $"exit code {code}: {error}");
        Assert.Empty(output);
        Assert.StartsWith("espalier: error: ", error);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        return error;
    }

    /// <summary>Asserts that an object has these fields.</summary>
    internal static void HasFields(JsonElement json, string fields) =>
        Assert.All(fields.Split(' '), field => Assert.True(json.TryGetProperty(field, out _), $"{field} is missing in {json}"));

    /// <summary>Writes an .i32 file.</summary>
    internal static string WriteIds(string folder, string name, IEnumerable<int> ids)
    {
        var path = Path.Combine(folder, name);
        using var file = File.Create(path);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var id in ids)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, id);
            file.Write(bytes);
        }
        return path;
    }

    /// <summary>Copies a model's folder, to be broken there.</summary>
    internal static string Copy(string model, string target)
    {
        Directory.CreateDirectory(target);
        // Written anew: a copied file would be read-only where the model is.
        foreach (var file in Directory.GetFiles(model))
            File.WriteAllBytes(Path.Combine(target, Path.GetFileName(file)), File.ReadAllBytes(file));
        return target;
    }
}
