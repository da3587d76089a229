namespace Espalier.Compression.Data;

/// <summary>One block of a bzip2 stream, whose bytes are drawn one by one.</summary>
internal sealed class Bzip2Block
{
    private const int Group = 50, LongestCode = 20, FewestTables = 2, MostTables = 6;

    // Of each place the byte (8 bits) and where the next one stands (24 bits).
    private readonly uint[] _next;
    private uint _entry;
    private int _left;

    private Bzip2Block(uint[] next, int first)
    {
        (_next, _left) = (next, next.Length);
        _entry = next[first];
    }

    /// <summary>Reads a block, after its mark and its checksum.</summary>
    /// <param name="bits">Where it is.</param>
    /// <param name="size">The most bytes that it may have.</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static Bzip2Block Read(BitReader bits, int size)
    {
        if (bits.ReadBit())
            throw new InvalidDataException("a bzip2 block is of the randomised kind, which no program has written since 1997");
        var origin = (int)bits.Read(24);
        var bytes = UsedBytes(bits);
        var tables = new CodeTable[(int)bits.Read(3)];
        if (bytes.Length == 0 || tables.Length is < FewestTables or > MostTables)
            throw Damaged();
        var selectors = Selectors(bits, tables.Length);
        for (var i = 0; i < tables.Length; i++)
            tables[i] = CodeTable.Read(bits, bytes.Length + 2, LongestCode);
        var last = Symbols(bits, bytes, tables, selectors, size);
        return origin < last.Length ? new(Linked(last), origin) : throw Damaged();
    }

    /// <summary>The next byte; false where there is none.</summary>
    public bool TryNext(out byte value)
    {
        if (_left == 0)
        {
            value = 0;
            return false;
        }
        _left--;
        _entry = _next[_entry >> 8];
        value = (byte)_entry;
        return true;
    }

    private static byte[] UsedBytes(BitReader bits)
    {
        var used = new List<byte>();
        var rows = bits.Read(16);
        for (var row = 0; row < 16; row++)
            if ((rows >> (15 - row) & 1) != 0)
            {
                var columns = bits.Read(16);
                for (var column = 0; column < 16; column++)
                    if ((columns >> (15 - column) & 1) != 0)
                        used.Add((byte)(16 * row + column));
            }
        return [.. used];
    }

    // Which table each 50 symbols are written by.
    private static byte[] Selectors(BitReader bits, int tables)
    {
        var selectors = new byte[bits.Read(15)];
        byte[] order = [.. Enumerable.Range(0, tables).Select(table => (byte)table)];
        for (var i = 0; i < selectors.Length; i++)
        {
            var place = 0;
            while (bits.ReadBit())
                if (++place == tables)
                    throw Damaged();
            selectors[i] = ToFront(order, place);
        }
        return selectors;
    }

    // The last column of the transform. Symbols 0 and 1 are the digits 1 and 2 of the length of a run of what stands in front, the lowest
    // first; the last symbol ends the block; others are places of the list, less one.
    private static byte[] Symbols(BitReader bits, byte[] order, CodeTable[] tables, byte[] selectors, int size)
    {
        var (column, count) = (new byte[size], 0);
        var (group, left, run, digit) = (0, 0, 0, 1);
        var end = order.Length + 1;
        while (true)
        {
            if (left-- == 0)
            {
                if (group == selectors.Length)
                    throw Damaged();
                (group, left) = (group + 1, Group - 1);
            }
            var symbol = tables[selectors[group - 1]].Symbol(bits);
            if (symbol < 2)
            {
                run += digit << symbol;
                digit <<= 1;
                if (run > size - count)
                    throw Damaged();
                continue;
            }
            column.AsSpan(count, run).Fill(order[0]);
            (count, run, digit) = (count + run, 0, 1);
            if (symbol == end)
                return column[..count];
            if (count == size)
                throw Damaged();
            column[count++] = ToFront(order, symbol - 1);
        }
    }

    private static uint[] Linked(byte[] column)
    {
        var starts = new int[257];
        foreach (var value in column)
            starts[value + 1]++;
        for (var value = 0; value < 256; value++)
            starts[value + 1] += starts[value];
        var next = new uint[column.Length];
        for (var place = 0; place < column.Length; place++)
            next[starts[column[place]]++] = (uint)place << 8;
        for (var place = 0; place < column.Length; place++)
            next[place] |= column[place];
        return next;
    }

    private static byte ToFront(byte[] order, int place)
    {
        var value = order[place];
        Array.Copy(order, 0, order, 1, place);
        return order[0] = value;
    }

    private static InvalidDataException Damaged() => new("a bzip2 block is damaged");

    // Huffman codes, which count upwards from the shortest on.
    private sealed class CodeTable
    {
        private readonly int[] _first, _count, _symbols;

        private CodeTable(int[] lengths, int longest)
        {
            (_first, _count) = (new int[longest + 1], new int[longest + 1]);
            foreach (var length in lengths)
                _count[length]++;
            _symbols = [.. Enumerable.Range(0, lengths.Length).OrderBy(symbol => lengths[symbol])];
            for (var length = 1; length <= longest; length++)
                _first[length] = _first[length - 1] + _count[length - 1] << 1;
        }

        public static CodeTable Read(BitReader bits, int symbols, int longest)
        {
            var lengths = new int[symbols];
            var length = (int)bits.Read(5);
            for (var symbol = 0; symbol < symbols; symbol++)
            {
                while (bits.ReadBit())
                    length += bits.ReadBit() ? -1 : 1;
                if (length < 1 || length > longest)
                    throw Damaged();
                lengths[symbol] = length;
            }
            return new(lengths, longest);
        }

        public int Symbol(BitReader bits)
        {
            var (code, before) = (0, 0);
            for (var length = 1; length < _count.Length; length++)
            {
                code = code << 1 | (int)bits.Read(1);
                if (code - _first[length] is >= 0 and var place && place < _count[length])
                    return _symbols[before + place];
                before += _count[length];
            }
            throw Damaged();
        }
    }
}
