using System.Text.Json;

namespace Espalier.Cli.Commands;

/// <summary>A line of <c>evaluate --per-token</c>: <c>{"window":w,"ids":[seq + 1 ids],"nll":[seq values]}</c>; nll[i] is that of ids[i + 1].</summary>
internal static class PerTokenLine
{
    internal static void Write(Stream stream, long window, long[] ids, float[] nll)
    {
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("window", window);
            json.WriteStartArray("ids");
            foreach (var id in ids)
                json.WriteNumberValue(id);
            json.WriteEndArray();
            json.WriteStartArray("nll");
            foreach (var value in nll)
            {
                // JSON has no NaN: the run ends with an error then, and the file is not kept.
                if (float.IsFinite(value))
                    json.WriteNumberValue(value);
                else
                    json.WriteNullValue();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
    }
}
