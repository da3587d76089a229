using Espalier.Cli;
using Espalier.Cli.Commands;

return Launch.Run(CommandList.All(), args, Terminal.OfProcess());
