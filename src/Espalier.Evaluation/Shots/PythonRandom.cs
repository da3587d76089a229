namespace Espalier.Evaluation.Shots;

/// <summary>
/// Python's <c>random.Random</c> as far as samples need it: the Mersenne Twister (MT19937, Matsumoto and Nishimura 1998), seeded by a whole
/// number as Python does, and <c>sample</c> (CPython's Lib/random.py since 3.11). Draws go on from one call to the next.
/// </summary>
internal sealed class PythonRandom
{
    private const int Size = 624, Middle = 397;

    private readonly uint[] _state = new uint[Size];
    private int _next = Size;

    /// <summary>The generator of a seed.</summary>
    public PythonRandom(uint seed)
    {
        Seed(19650218);
        // The key is one word long, so that its index stays 0.
        var i = 1;
        for (var k = 0; k < Size; k++)
        {
            _state[i] = (_state[i] ^ (_state[i - 1] ^ _state[i - 1] >> 30) * 1664525) + seed;
            Advance(ref i);
        }
        for (var k = 0; k < Size - 1; k++)
        {
            _state[i] = (_state[i] ^ (_state[i - 1] ^ _state[i - 1] >> 30) * 1566083941) - (uint)i;
            Advance(ref i);
        }
        _state[0] = 0x80000000;
    }

    /// <summary>k different whole numbers from 0 to n − 1, in the order in which they are drawn.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    public int[] Sample(int n, int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, n);
        return n <= SetSize(k) ? OfPool(n, k) : OfAll(n, k);
    }

    /// <summary>Brings a list into an order by chance, as Python's <c>shuffle</c> does.</summary>
    public void Shuffle<T>(IList<T> list)
    {
        for (var i = list.Count - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }
    }

    // Python keeps a list of the population where that is smaller than a set of what was drawn.
    private static double SetSize(int k) => k > 5 ? 21 + Math.Pow(4, Math.Ceiling(Math.Log(k * 3.0) / Math.Log(4))) : 21;

    private int[] OfPool(int n, int k)
    {
        var pool = Enumerable.Range(0, n).ToArray();
        var drawn = new int[k];
        for (var i = 0; i < k; i++)
        {
            var j = Below(n - i);
            drawn[i] = pool[j];
            pool[j] = pool[n - i - 1];
        }
        return drawn;
    }

    private int[] OfAll(int n, int k)
    {
        var (selected, drawn) = (new HashSet<int>(), new int[k]);
        for (var i = 0; i < k; i++)
        {
            var j = Below(n);
            while (!selected.Add(j))
                j = Below(n);
            drawn[i] = j;
        }
        return drawn;
    }

    /// <summary>A whole number from 0 to n − 1: what Python's <c>randrange(n)</c> draws.</summary>
    /// <exception cref="ArgumentOutOfRangeException">n is not above 0.</exception>
    public int Below(int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        var bits = 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)n);
        uint drawn;
        do
            drawn = Next() >> (32 - bits);
        while (drawn >= n);
        return (int)drawn;
    }

    private uint Next()
    {
        if (_next == Size)
            Twist();
        var y = _state[_next++];
        y ^= y >> 11;
        y ^= y << 7 & 0x9d2c5680;
        y ^= y << 15 & 0xefc60000;
        return y ^ y >> 18;
    }

    private void Twist()
    {
        for (var i = 0; i < Size; i++)
        {
            var y = _state[i] & 0x80000000 | _state[(i + 1) % Size] & 0x7fffffff;
            _state[i] = _state[(i + Middle) % Size] ^ y >> 1 ^ ((y & 1) != 0 ? 0x9908b0df : 0);
        }
        _next = 0;
    }

    private void Seed(uint seed)
    {
        _state[0] = seed;
        for (var i = 1; i < Size; i++)
            _state[i] = 1812433253 * (_state[i - 1] ^ _state[i - 1] >> 30) + (uint)i;
    }

    private void Advance(ref int i)
    {
        if (++i < Size)
            return;
        _state[0] = _state[Size - 1];
        i = 1;
    }
}
