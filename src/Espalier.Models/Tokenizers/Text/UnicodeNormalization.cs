using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace Espalier.Models.Tokenizers.Text;

/// <summary>
/// NFC, NFD, NFKC and NFKD (Unicode Standard Annex 15). The program runs without ICU, where <see cref="string.Normalize()"/>
/// silently returns its input. The tables are those of Unicode 11 on purpose: the version that Hugging Face's library
/// carries, and characters added later must pass through here as they do there.
/// </summary>
internal static partial class UnicodeNormalization
{
    private const int HangulBase = 0xAC00, HangulCount = 11172;
    private const int LBase = 0x1100, LCount = 19, VBase = 0x1161, VCount = 21, TBase = 0x11A7, TCount = 28;

    private static readonly Lazy<Tables> s_tables = new(Tables.Parse);

    /// <summary>Returns the normal form; the very same string where nothing changes.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="compose">Whether canonical pairs are put together again (NFC, NFKC).</param>
    /// <param name="compatibility">Whether compatibility decompositions apply (NFKC, NFKD).</param>
    public static string Normalize(string text, bool compose, bool compatibility)
    {
        // Below U+0300 no mark combines, and nothing below U+00C0 decomposes canonically (U+00A0 is the first that does so compatibly).
        var stable = compatibility ? '\u00A0' : compose ? '\u0300' : '\u00C0';
        if (!text.AsSpan().ContainsAnyInRange(stable, '\uFFFF'))
            return text;
        var tables = s_tables.Value;
        if (tables.IsInert(text, compose, compatibility))
            return text;

        var points = new List<int>(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune.Value, compatibility, tables, points);
        Reorder(points, tables);
        if (compose)
            Compose(points, tables);

        var result = new StringBuilder(points.Count);
        Span<char> units = stackalloc char[2];
        foreach (var point in points)
            result.Append(units[..new Rune(point).EncodeToUtf16(units)]);
        return result.ToString();
    }

    private static void Decompose(int point, bool compatibility, Tables tables, List<int> output)
    {
        if (point - HangulBase is >= 0 and < HangulCount and var syllable)
        {
            output.Add(LBase + syllable / (VCount * TCount));
            output.Add(VBase + syllable % (VCount * TCount) / TCount);
            if (syllable % TCount is > 0 and var trailing)
                output.Add(TBase + trailing);
        }
        else if (tables.Decompositions.TryGetValue(point, out var parts)
            || (compatibility && tables.CompatibilityParts.TryGetValue(point, out parts)))
        {
            foreach (var part in parts)
                Decompose(part, compatibility, tables, output);
        }
        else
        {
            output.Add(point);
        }
    }

    private static void Reorder(List<int> points, Tables tables)
    {
        for (var i = 0; i < points.Count;)
        {
            if (tables.ClassOf(points[i]) == 0)
            {
                i++;
                continue;
            }
            var end = i + 1;
            while (end < points.Count && tables.ClassOf(points[end]) != 0)
                end++;
            if (end - i > 1)
                SortByClass(CollectionsMarshal.AsSpan(points)[i..end], tables);
            i = end;
        }
    }

    // Stable, as the annex asks. Marks may come by the million: counted, not compared.
    private static void SortByClass(Span<int> run, Tables tables)
    {
        Span<int> next = stackalloc int[257];
        next.Clear();
        foreach (var point in run)
            next[tables.ClassOf(point) + 1]++;
        for (var combining = 1; combining < next.Length; combining++)
            next[combining] += next[combining - 1];
        var sorted = ArrayPool<int>.Shared.Rent(run.Length);
        foreach (var point in run)
            sorted[next[tables.ClassOf(point)]++] = point;
        sorted.AsSpan(0, run.Length).CopyTo(run);
        ArrayPool<int>.Shared.Return(sorted);
    }

    private static void Compose(List<int> points, Tables tables)
    {
        var (starter, kept, lastClass) = (-1, 0, 0);
        for (var i = 0; i < points.Count; i++)
        {
            var (point, combining) = (points[i], tables.ClassOf(points[i]));
            // Blocked: something between the starter and this mark has class 0 or one not below its own.
            var blocked = starter < 0 || (kept - starter > 1 && (lastClass == 0 || lastClass >= combining));
            if (!blocked && tables.TryCompose(points[starter], point, out var composed))
            {
                points[starter] = composed;
                continue;
            }
            if (combining == 0)
                starter = kept;
            lastClass = combining;
            points[kept++] = point;
        }
        points.RemoveRange(kept, points.Count - kept);
    }

    private sealed class Tables
    {
        private readonly Dictionary<int, byte> _classes = [];
        private readonly Dictionary<(int, int), int> _pairs = [];
        private readonly HashSet<int> _second = [];
        private readonly HashSet<int> _unstable = [];

        public Dictionary<int, int[]> Decompositions { get; } = [];

        public Dictionary<int, int[]> CompatibilityParts { get; } = [];

        public int ClassOf(int point) => point < 0x300 ? 0 : _classes.GetValueOrDefault(point);

        public bool TryCompose(int first, int second, out int composed)
        {
            if (first - LBase is >= 0 and < LCount and var l && second - VBase is >= 0 and < VCount and var v)
                composed = HangulBase + (l * VCount + v) * TCount;
            else if (first - HangulBase is >= 0 and < HangulCount and var lv && lv % TCount == 0 && second - TBase is > 0 and < TCount
                and var t)
                composed = HangulBase + lv + t;
            else
                return _pairs.TryGetValue((first, second), out composed);
            return true;
        }

        /// <summary>Whether no character of the text can change or take part in a change.</summary>
        public bool IsInert(string text, bool compose, bool compatibility)
        {
            foreach (var rune in text.EnumerateRunes())
            {
                var point = rune.Value;
                if (point < 0xA0)
                    continue;
                if (_classes.ContainsKey(point) || (compatibility && HasCompatibilityPart(point)))
                    return false;
                if (compose ? _second.Contains(point) || _unstable.Contains(point) || point is >= VBase and < TBase + TCount
                            : Decompositions.ContainsKey(point) || point is >= HangulBase and < HangulBase + HangulCount)
                    return false;
            }
            return true;
        }

        // A canonical decomposition may hold a character that decomposes compatibly: U+0385 is U+00A8 + U+0301.
        private bool HasCompatibilityPart(int point) =>
            CompatibilityParts.ContainsKey(point)
                || (Decompositions.TryGetValue(point, out var parts) && Array.Exists(parts, HasCompatibilityPart));

        public static Tables Parse()
        {
            var tables = new Tables();
            var classes = new Reader(CombiningClasses);
            while (classes.Next(out var first, out var mark))
            {
                var last = mark == '-' ? classes.Hex(out _) : first;
                var combining = (byte)classes.Decimal();
                for (var point = first; point <= last; point++)
                    tables._classes.Add(point, combining);
            }

            var canonical = new Reader(Canonical);
            while (canonical.Next(out var point, out var mark))
            {
                var parts = canonical.Parts();
                tables.Decompositions.Add(point, parts);
                if (mark == '=')
                {
                    tables._pairs.Add((parts[0], parts[1]), point);
                    tables._second.Add(parts[1]);
                }
                else
                {
                    tables._unstable.Add(point);
                }
            }

            var compatibility = new Reader(Compatibility);
            while (compatibility.Next(out var point, out _))
                tables.CompatibilityParts.Add(point, compatibility.Parts());
            return tables;
        }
    }

    /// <summary>Reads the entries of a table: hexadecimal numbers with one mark between them.</summary>
    private ref struct Reader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;
        private byte _mark;

        public bool Next(out int point, out char mark)
        {
            _rest = _rest.TrimStart(" \r\n"u8);
            (point, mark) = (0, '\0');
            if (_rest.IsEmpty)
                return false;
            point = Hex(out mark);
            return true;
        }

        public int Hex(out char mark)
        {
            Advance(Utf8Parser.TryParse(_rest, out int value, out var length, 'x') ? length : 0);
            mark = (char)_mark;
            return value;
        }

        public int Decimal()
        {
            Advance(Utf8Parser.TryParse(_rest, out int value, out var length) ? length : 0);
            return value;
        }

        public int[] Parts()
        {
            var parts = new List<int>(2);
            do
                parts.Add(Hex(out _));
            while (_mark == '+');
            return [.. parts];
        }

        private void Advance(int length)
        {
            _mark = length < _rest.Length ? _rest[length] : (byte)' ';
            _rest = _rest[Math.Min(length + 1, _rest.Length)..];
        }
    }
}
