using System.Buffers.Binary;
using System.Text;
using Espalier.Models;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Tests.Checkpoints;

/// <summary>Seeded mutations, of bytes and of structure: only <see cref="EspalierException"/> may come out.</summary>
public sealed class MutationTests
{
    private const string Header =
        """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c.\u00e4":{"dtype":"I64","shape":[],"data_offsets":[32,40]}}""";

    private static readonly string[] s_tokens =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "-1", "0", "1e400", "18446744073709551616", "null", "true",
        "\"a\"", "\"dtype\"", "\"F64\"", "\"shape\"", "[0,0]", "[[", "99999999999", "\"__metadata__\"", "/*", "\xff", "\0",
    ];

    [Fact]
    public void Mutated_safetensors_are_read_or_refused_but_never_break_the_reader()
    {
        var random = new Random(20251);
        var json = Encoding.Latin1.GetBytes(Header);
        byte[] whole = [.. BitConverter.GetBytes((long)json.Length), .. json, .. new byte[40]];
        var accepted = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Mutate(whole, random);
            try
            {
                var length = SafetensorsHeader.ReadLength(bytes.AsSpan(0, Math.Min(8, bytes.Length)), bytes.Length, "file");
                var header = SafetensorsHeader.Parse(bytes.AsMemory(8, length), bytes.Length, "file");
                long end = 8 + length;
                foreach (var entry in header.Entries.Values)
                {
                    Assert.Equal(end, entry.Offset);
                    end += entry.ByteLength;
                }

                Assert.Equal(bytes.Length, end);
                accepted++;
            }
            catch (EspalierException e)
            {
                Assert.StartsWith("file: ", e.Message, StringComparison.Ordinal);
            }
        }

        Assert.InRange(accepted, 1, 19_000);
    }

    [Theory]
    [InlineData("families/llama-3.1")]
    [InlineData("families/mistral")]
    [InlineData("families/nemotron")]
    public void Mutated_configs_are_read_or_refused_but_never_break_the_reader(string folder)
    {
        var random = new Random(77);
        var whole = File.ReadAllBytes(Fixtures.Golden(folder, "config.json"));
        for (var i = 0; i < 4_000; i++)
        {
            try
            {
                var raw = JsonFile.Parse(Mutate(whole, random), "config.json");
                var family = FamilyCatalog.For(raw, "config.json");
                var config = family.ReadConfig(raw, "config.json");
                Assert.True(config.Parameters > 0);
                Assert.Equal(config.Parameters, Reread(family.WriteConfig(config, raw, ElementType.F32)).Parameters);
            }
            catch (EspalierException)
            {
                // Refused, which is what most mutations deserve.
            }
        }

        static Models.DecoderConfig Reread(System.Text.Json.Nodes.JsonObject written)
        {
            var raw = JsonFile.Parse(Encoding.UTF8.GetBytes(ConfigJson.Text(written)), "config.json");
            return FamilyCatalog.For(raw, "config.json").ReadConfig(raw, "config.json");
        }
    }

    private static byte[] Mutate(byte[] whole, Random random)
    {
        var bytes = new List<byte>(whole);
        for (var edits = random.Next(1, 4); edits > 0 && bytes.Count > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 12), bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, Encoding.Latin1.GetBytes(s_tokens[random.Next(s_tokens.Length)]));
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(Math.Min(at, bytes.Count - 1), Math.Min(random.Next(1, 60), bytes.Count - at)));
                    break;
                default:
                    Splice(bytes, at, Encoding.Latin1.GetBytes(s_tokens[random.Next(s_tokens.Length)]));
                    break;
            }
        }

        // Half of them get a header length that fits again, so that the JSON after it is reached.
        var result = bytes.ToArray();
        if (random.Next(2) == 0 && result.Length >= 48 && whole[8] == '{')
            BinaryPrimitives.WriteInt64LittleEndian(result, result.Length - 48);
        return result;
    }

    private static void Splice(List<byte> bytes, int at, byte[] token)
    {
        bytes.RemoveRange(at, Math.Min(token.Length, bytes.Count - at));
        bytes.InsertRange(at, token);
    }
}
