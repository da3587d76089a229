using System.Diagnostics;
using System.Text;
using Espalier.Tests;

namespace Espalier.Files.Tests.Json;

/// <summary>Promise R10: whatever lies in a JSON file, reading it ends in a value or in one line that names the file.</summary>
public sealed class JsonFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Place => _folder.Of("a.json");

    [Theory]
    [InlineData("", "a.json: is empty")]
    [InlineData("{", "a.json: not valid JSON at line 1, byte 1: an object or list is not closed")]
    [InlineData("{\n\"a\": }", "a.json: not valid JSON at line 2, byte 5: '}' is an invalid start of a value")]
    [InlineData("{\"\\ud800\": 1}", "a.json: not valid JSON")]
    [InlineData("version https://git-lfs.github.com/spec/v1\nsize 7\n", "a.json: is a git-lfs pointer to a file of 7 bytes")]
    [InlineData("<html>", "a.json: is a web page")]
    public void What_is_no_JSON_is_one_line_from_either_reader(string text, string words)
    {
        File.WriteAllText(Place, text);
        Refused(words, () => JsonFile.Read(Place));
        Refused(words, () => JsonFile.Read(Place, 1000, (root, _) => root.EnumerateObject().Count()));
        Assert.False(JsonFile.Holds(Place, 1000, _ => true));
    }

    [Fact]
    public void A_byte_order_mark_is_passed_over()
    {
        File.WriteAllText(Place, "{\"a\": 1}", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(1, (int)JsonFile.Read(Place)["a"]!);
        Assert.Equal(1, JsonFile.Read(Place, 1000, (root, _) => root.GetProperty("a").GetInt32()));
        Assert.True(JsonFile.Holds(Place, 1000, root => root.TryGetProperty("a", out _)));
    }

    [Fact]
    public void A_name_that_stands_twice_is_refused_except_in_what_Python_wrote()
    {
        File.WriteAllText(Place, "{\"a\": 1, \"a\": 2}");
        Assert.Equal(2, (int)JsonFile.Read(Place)["a"]!);
        Refused("not valid JSON", () => JsonFile.Read(Place, 1000, (root, _) => root));
    }

    [Theory]
    [InlineData(15, true)]
    [InlineData(17, false)]
    [InlineData(1_000_000, false)]
    public void A_deep_file_is_refused_before_it_costs_anything(int depth, bool isRead)
    {
        File.WriteAllText(Place, new string('[', depth) + new string(']', depth));
        Assert.Equal(isRead, Record.Exception(() => JsonFile.Read(Place, 10_000_000, (root, _) => root.GetArrayLength())) is null);
        Assert.Throws<EspalierException>(() => JsonFile.Read(Place, 10_000_000));
    }

    [Fact]
    public void A_long_file_is_refused_with_both_numbers()
    {
        File.WriteAllText(Place, "{\"a\": 1}");
        Refused("a.json: has 8 bytes, more than the limit of 7", () => JsonFile.Read(Place, 7));
        _ = JsonFile.Read(Place, 8);
    }

    [Fact]
    public void What_is_no_file_is_said()
    {
        Directory.CreateDirectory(Place);
        Refused("a.json: is a folder; give the file", () => JsonFile.Read(Place));
        Directory.Delete(Place);
        Refused("a.json: not found", () => JsonFile.Read(Place));
        File.CreateSymbolicLink(Place, "nowhere");
        Refused("a.json: is a link to nowhere, which does not exist", () => JsonFile.Read(Place));
        File.Delete(Place);
        using (var made = Process.Start("mkfifo", [Place]))
            made.WaitForExit();
        // Opening it would wait for ever.
        Refused("a.json: is a pipe or a device, which cannot be read twice; save it to a file and give that", () => JsonFile.Read(Place));
    }

    [Fact]
    public void Mutated_files_are_read_or_refused_and_nothing_else()
    {
        var random = new Random(5);
        var whole =
            """{"a": [1, 2.5e-3, NaN, {"b": "x\u00e9\ud83d\ude00", "c": null}], "d": "Infinity", "e": -Infinity, "a": true}"""u8.ToArray();
        for (var round = 0; round < 5000; round++)
        {
            var bytes = whole.ToArray();
            for (var i = random.Next(1, 5); i > 0; i--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            foreach (var error in new[]
            {
                Record.Exception(() => JsonFile.Parse(bytes, "a.json").ToJsonString()),
                Record.Exception(() => JsonFile.Parse(bytes, "a.json", (root, _) => JsonSerializer.Serialize(root))),
            })
                Assert.True(
                    error is null
                        || (error is EspalierException && error.Message.StartsWith("a.json: ", StringComparison.Ordinal)), $"{error}");
        }
    }

    public void Dispose() => _folder.Dispose();

    private static void Refused(string words, Func<object?> read) =>
        Assert.Contains(words, Assert.Throws<EspalierException>(read).Message, StringComparison.Ordinal);
}
