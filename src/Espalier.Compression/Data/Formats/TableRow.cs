using System.Text;

namespace Espalier.Compression.Data.Formats;

/// <summary>One row of a table, by RFC 4180: values in quotes may hold the separator, line ends, and quotes written twice.</summary>
internal sealed class TableRow(char separator)
{
    private readonly List<string> _values = [];
    private readonly StringBuilder _value = new();
    private bool _begun, _quoted;

    /// <summary>Takes a line, which goes on with the one before.</summary>
    /// <returns>The values; null where the row goes on.</returns>
    public IReadOnlyList<string>? Take(string line)
    {
        if (_quoted)
            _value.Append('\n');
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (_quoted && c == '"' && i + 1 < line.Length && line[i + 1] == '"')
                _value.Append(line[i++]);
            else if (_quoted && c == '"')
                _quoted = false;
            else if (!_quoted && c == separator)
                EndValue();
            else if (!_begun && c == '"')
                _quoted = true;
            else
                _value.Append(c);
            _begun = _quoted || c != separator;
        }
        if (_quoted)
            return null;
        EndValue();
        return _values;
    }

    private void EndValue()
    {
        _values.Add(_value.ToString());
        _value.Clear();
        _begun = false;
    }
}
