using System.Text;
using Espalier.Models.Grammars;

namespace Espalier.Models.Tests.Grammars;

/// <summary>Texts through grammars, byte by byte.</summary>
internal static class Walks
{
    /// <summary>The state after a text; null where it may not come.</summary>
    public static GrammarState? Walk(this Grammar grammar, string text) => grammar.Walk(Encoding.UTF8.GetBytes(text));

    /// <summary>The state after some bytes; null where they may not come.</summary>
    public static GrammarState? Walk(this Grammar grammar, byte[] bytes) => grammar.Start.Walk(bytes);

    /// <summary>The state after some more bytes; null where they may not come.</summary>
    public static GrammarState? Walk(this GrammarState state, byte[] bytes)
    {
        foreach (var b in bytes)
        {
            if (state.After(b) is not { } next)
                return null;
            state = next;
        }
        return state;
    }

    /// <summary>Whether a whole text is one of the grammar's.</summary>
    public static bool Takes(this Grammar grammar, string text) => grammar.Walk(text)?.MayEnd == true;

    /// <summary>A text by random bytes, of which those that end something are likelier; null where it is longer than it may be.</summary>
    public static string? Write(this Grammar grammar, Random random, int most)
    {
        var bytes = new List<byte>();
        var state = grammar.Start;
        while (!state.IsComplete)
        {
            if (bytes.Count == most)
                return null;
            byte[] open = [.. Enumerable.Range(0, 256).Select(static b => (byte)b).Where(b => state.After(b) is not null)];
            if (state.MayEnd && random.Next(2) == 0)
                break;
            Assert.NotEmpty(open);
            byte[] closing = [.. open.Where(static b => "}]\""u8.Contains(b))];
            var chosen = closing.Length > 0 && random.Next(3) == 0 ? closing[random.Next(closing.Length)] : open[random.Next(open.Length)];
            bytes.Add(chosen);
            state = state.After(chosen)!;
        }
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString([.. bytes]);
    }
}
